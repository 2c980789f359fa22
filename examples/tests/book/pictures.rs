//! The pictures are what their script draws.

use std::fs;
use std::process::Command;

use crate::files::{files, read, read_in_root, root};

#[test]
fn pictures_are_those_of_the_script() {
    let folder = std::env::temp_dir().join(format!("seastar-pictures-{}", std::process::id()));
    let drawn = Command::new("python3").arg("-B").arg(root().join("book/pictures.py")).arg(&folder).output();
    let Ok(drawn) = drawn else {
        eprintln!("not tested: there is no python3 to draw the pictures with");
        return;
    };
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));

    let kept = files("book/src/pictures", ".svg");
    for picture in &kept {
        let name = picture.rsplit('/').next().expect("a path has a name");
        let same = folder.join(name).exists() && read(folder.join(name)) == read_in_root(picture);
        assert!(same, "{picture} is not what `python3 book/pictures.py` draws");
    }
    let count = fs::read_dir(&folder).expect("the script has made it").count();
    assert_eq!(count, kept.len(), "the script draws pictures that are not in book/src/pictures");
    fs::remove_dir_all(folder).expect("it is ours");
}
