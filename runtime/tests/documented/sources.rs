//! The sources of the crate, and which of their items are public.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, Lit, Meta, UseTree, Visibility};

/// A module by its path from the root of the crate on.
type Place = Vec<String>;

/// The modules, with what is in them.
pub struct Sources(BTreeMap<Place, Module>);

struct Module {
    items: Vec<syn::Item>,
    /// What `use` makes known, by its name here.
    uses: BTreeMap<String, Place>,
}

/// Something public.
pub struct Item {
    /// Its path without that of the crate, such as `net::TcpStream`.
    pub name: String,
    pub docs: String,
    /// What is written on its `impl` blocks.
    pub blocks: Vec<String>,
    pub methods: Vec<Method>,
}

pub struct Method {
    pub name: String,
    pub docs: String,
}

impl Sources {
    pub fn read() -> Sources {
        let mut sources = Sources(BTreeMap::new());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        sources.read_module(&root.join("lib.rs"), &root, Vec::new());
        sources
    }

    fn read_module(&mut self, file: &Path, folder: &Path, place: Place) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut uses = BTreeMap::new();
        for item in &parsed.items {
            match item {
                syn::Item::Use(item) => flatten(&item.tree, &mut Vec::new(), &mut uses),
                syn::Item::Mod(module) if module.content.is_none() && !is_aside(&module.attrs) => {
                    let name = module.ident.to_string();
                    let child = folder.join(&name);
                    let file: PathBuf = folder.join(format!("{name}.rs"));
                    let file = if file.exists() { file } else { child.join("mod.rs") };
                    self.read_module(&file, &child, joined(&place, &name));
                }
                _ => {}
            }
        }
        self.0.insert(place, Module { items: parsed.items, uses });
    }

    /// All that users of the crate can name, once for each name.
    pub fn public_items(&self) -> Vec<Item> {
        let mut found = Vec::new();
        self.export(&Vec::new(), &mut found);
        found
    }

    fn export(&self, place: &Place, found: &mut Vec<Item>) {
        for item in &self.0[place].items {
            match item {
                syn::Item::Use(item) if is_public(&item.vis) => {
                    let mut uses = BTreeMap::new();
                    flatten(&item.tree, &mut Vec::new(), &mut uses);
                    // What is of another crate has its documentation there.
                    let here =
                        uses.into_iter().filter_map(|(name, path)| Some((name, self.locate(place, &path)?)));
                    found.extend(
                        here.filter_map(|(name, (home, original))| self.item(place, &name, &home, &original)),
                    );
                }
                syn::Item::Mod(module) if is_public(&module.vis) && !is_aside(&module.attrs) => {
                    self.export(&joined(place, &module.ident.to_string()), found);
                }
                _ => {
                    let name = definition(item).filter(|(_, vis, _)| is_public(vis)).map(|(name, ..)| name);
                    found.extend(name.and_then(|name| self.item(place, &name, place, &name)));
                }
            }
        }
    }

    /// An item that is known as `name` in `place`, and lies in `home`.
    fn item(&self, place: &Place, name: &str, home: &Place, original: &str) -> Option<Item> {
        let defined = |item: &&syn::Item| definition(item).is_some_and(|(name, ..)| name == original);
        let item = self.0[home].items.iter().find(defined)?;
        let (_, _, attributes) = definition(item)?;
        if is_aside(attributes) {
            return None;
        }
        let name = joined(place, name).join("::");
        let mut known = Item { name, docs: docs(attributes), blocks: Vec::new(), methods: Vec::new() };
        match item {
            syn::Item::Trait(item) => known.methods.extend(item.items.iter().filter_map(|item| match item {
                syn::TraitItem::Fn(method) => self::method(&method.sig, &method.attrs),
                _ => None,
            })),
            syn::Item::Type(item) => {
                let behind = self.of_type(home, &item.ty);
                behind.into_iter().for_each(|id| self.collect_methods(&id, &mut known));
            }
            _ => self.collect_methods(&(home.clone(), original.to_owned()), &mut known),
        }
        Some(known)
    }

    /// Adds what all `impl` blocks of a type have.
    fn collect_methods(&self, id: &(Place, String), known: &mut Item) {
        for (place, module) in &self.0 {
            for item in &module.items {
                let syn::Item::Impl(block) = item else { continue };
                if block.trait_.is_some() || self.of_type(place, &block.self_ty).as_ref() != Some(id) {
                    continue;
                }
                known.blocks.push(docs(&block.attrs));
                known.methods.extend(block.items.iter().filter_map(|item| match item {
                    syn::ImplItem::Fn(method) if is_public(&method.vis) => {
                        self::method(&method.sig, &method.attrs)
                    }
                    _ => None,
                }));
            }
        }
    }

    fn of_type(&self, place: &Place, of: &syn::Type) -> Option<(Place, String)> {
        let syn::Type::Path(of) = of else { return None };
        let path: Vec<_> = of.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.locate(place, &path)
    }

    /// Where something is defined that is called `path` in `place`.
    fn locate(&self, place: &Place, path: &[String]) -> Option<(Place, String)> {
        let (first, rest) = path.split_first()?;
        let module = &self.0[place];
        match first.as_str() {
            "crate" => self.locate(&Vec::new(), rest),
            "self" => self.locate(place, rest),
            "super" => self.locate(&place[..place.len() - 1].to_vec(), rest),
            name if rest.is_empty()
                && module.items.iter().filter_map(definition).any(|(known, ..)| known == name) =>
            {
                Some((place.clone(), name.to_owned()))
            }
            name if !rest.is_empty() && self.0.contains_key(&joined(place, name)) => {
                self.locate(&joined(place, name), rest)
            }
            name => {
                // A path that begins with its own name goes on in a module of that name, or in another crate.
                let leads_on = |used: &&Place| used[0] != *name || self.0.contains_key(&joined(place, name));
                let used = module.uses.get(name).filter(leads_on)?;
                self.locate(place, &[used, rest].concat())
            }
        }
    }
}

fn joined(place: &Place, name: &str) -> Place {
    [place.as_slice(), &[name.to_owned()]].concat()
}

fn flatten(tree: &UseTree, before: &mut Place, uses: &mut BTreeMap<String, Place>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, uses);
            before.pop();
        }
        UseTree::Name(name) if name.ident == "self" => {
            before.last().cloned().map(|name| uses.insert(name, before.clone()));
        }
        UseTree::Name(name) => {
            _ = uses.insert(name.ident.to_string(), joined(before, &name.ident.to_string()))
        }
        UseTree::Rename(name) => {
            _ = uses.insert(name.rename.to_string(), joined(before, &name.ident.to_string()))
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, uses)),
        _ => {}
    }
}

/// The name, the visibility and the attributes of what has pages of documentation.
fn definition(item: &syn::Item) -> Option<(String, &Visibility, &[Attribute])> {
    let (ident, vis, attributes) = match item {
        syn::Item::Struct(item) => (&item.ident, &item.vis, &item.attrs),
        syn::Item::Enum(item) => (&item.ident, &item.vis, &item.attrs),
        syn::Item::Trait(item) => (&item.ident, &item.vis, &item.attrs),
        syn::Item::Type(item) => (&item.ident, &item.vis, &item.attrs),
        syn::Item::Fn(item) => (&item.sig.ident, &item.vis, &item.attrs),
        _ => return None,
    };
    Some((ident.to_string(), vis, attributes))
}

fn method(signature: &syn::Signature, attributes: &[Attribute]) -> Option<Method> {
    (!is_aside(attributes)).then(|| Method { name: signature.ident.to_string(), docs: docs(attributes) })
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Whether something is hidden from the documentation, or only there for tests.
fn is_aside(attributes: &[Attribute]) -> bool {
    let says = |attribute: &Attribute, word: &str| match &attribute.meta {
        Meta::List(list) => list.tokens.to_string().contains(word),
        _ => false,
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc") && says(attribute, "hidden")
            || attribute.path().is_ident("cfg") && ["test", "loom"].iter().any(|word| says(attribute, word))
    })
}

fn docs(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) => {
                Some(text.value().trim_start().to_owned() + "\n")
            }
            _ => None,
        },
        _ => None,
    };
    attributes.iter().filter_map(line).collect()
}
