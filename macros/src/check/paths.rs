//! What paths in a body mean: those that start with `std`, or with what the body itself imports from there.

use std::collections::HashMap;

use syn::{
    Block, ItemUse, Path, UseTree,
    visit::{self, Visit},
};

/// What the `use` declarations in a body bring into it.
pub struct Paths(HashMap<String, Vec<String>>);

impl Paths {
    pub fn of(block: &Block) -> Paths {
        let mut paths = Paths(HashMap::new());
        paths.visit_block(block);
        paths
    }

    /// The path within `std`, if it is known to lead there.
    pub fn in_std(&self, path: &Path) -> Option<Vec<String>> {
        let mut names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(imported) = self.0.get(&names[0])
            && path.leading_colon.is_none()
        {
            names.splice(..1, imported.iter().cloned());
        }
        (names.first()? == "std").then(|| names.split_off(1))
    }

    fn import(&mut self, tree: &UseTree, mut prefix: Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(&path.tree, prefix);
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                if name != "self" {
                    prefix.push(name);
                }
                let name = prefix.last().cloned().unwrap_or_default();
                self.insert(name, prefix);
            }
            UseTree::Rename(rename) => {
                if rename.ident != "self" {
                    prefix.push(rename.ident.to_string());
                }
                self.insert(rename.rename.to_string(), prefix);
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, prefix.clone()));
            }
            UseTree::Glob(_) => {}
        }
    }

    /// A name that two blocks import from different places is left alone.
    fn insert(&mut self, name: String, path: Vec<String>) {
        let known = self.0.entry(name).or_insert_with(|| path.clone());
        if *known != path {
            known.clear();
        }
    }
}

impl Visit<'_> for Paths {
    fn visit_item(&mut self, item: &syn::Item) {
        // What other items import is not visible out here.
        if let syn::Item::Use(item) = item {
            self.visit_item_use(item);
        }
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        self.import(&item.tree, Vec::new());
        visit::visit_item_use(self, item);
    }
}
