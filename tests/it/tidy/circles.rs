//! Files do not import each other in a circle: those of a folder lie on floors, and each imports
//! from lower ones alone.

mod imports;

use std::{collections::BTreeMap, fs};

use entrepot::CRATES;

use super::{no_faults, root};
use imports::{Imports, Modules};

/// Folder whose files may form circles, and the reason.
const RECURSIVE: (&str, &str) =
    ("crates/objects/src/", "GraphQL types are recursive: a product has levels, a level has a product (docs/decisions/0387)");

/// Tarjan's search for strongly connected components.
#[derive(Default)]
struct Search<'a> {
    /// The number of each visited file; the maximum once its component is known.
    numbers: BTreeMap<&'a str, usize>,
    stack: Vec<&'a str>,
    circles: Vec<Vec<&'a str>>,
}

impl<'a> Search<'a> {
    /// Visits a file and all that it imports from. Returns the lowest number among them.
    fn visit(&mut self, file: &'a str, imports: &'a Imports) -> usize {
        let (number, place) = (self.numbers.len(), self.stack.len());
        self.numbers.insert(file, number);
        self.stack.push(file);
        let mut lowest = number;
        for other in imports.get(file).into_iter().flat_map(BTreeMap::keys) {
            let known = self.numbers.get(other.as_str()).copied();
            lowest = lowest.min(known.unwrap_or_else(|| self.visit(other, imports)));
        }
        if lowest == number {
            let circle = self.stack.split_off(place);
            self.numbers.extend(circle.iter().map(|file| (*file, usize::MAX)));
            self.circles.extend((circle.len() > 1).then_some(circle));
        }
        lowest
    }
}

/// The sets of files that import each other, directly or through others of the set.
fn circles(imports: &Imports) -> Vec<Vec<&str>> {
    let mut search = Search::default();
    for file in imports.keys() {
        if !search.numbers.contains_key(file.as_str()) {
            search.visit(file, imports);
        }
    }
    search.circles
}

/// Each circle, with the imports between its files.
fn faults(circles: &[Vec<&str>], imports: &Imports) -> Vec<String> {
    let mut faults = Vec::new();
    for circle in circles {
        faults.push(format!("circle of {} files: move what both need to a file of its own", circle.len()));
        for file in circle {
            for (other, names) in imports[*file].iter().filter(|(other, _)| circle.contains(&other.as_str())) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                faults.push(format!("{file} -> {other}: {}", names.join(", ")));
            }
        }
    }
    faults
}

#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let text = |path: &str| fs::read_to_string(root().join(path)).ok();
    let mut modules = Modules::new(&text);
    for name in CRATES.into_iter().chain(["entity", "migration"]) {
        let folder = match name {
            "entrepot" => "src".to_owned(),
            "entity" | "migration" => format!("{name}/src"),
            _ => format!("crates/{name}/src"),
        };
        modules.add_crate(name, &folder);
    }
    let imports = modules.imports();
    assert!(imports.len() > 2_000, "the imports were not found");
    let (folder, reason) = RECURSIVE;
    let (recursive, others): (Vec<_>, Vec<_>) =
        circles(&imports).into_iter().partition(|circle| circle.iter().all(|file| file.starts_with(folder)));
    assert!(!recursive.is_empty(), "{folder} has no circle any more, so the exception goes: {reason}");
    no_faults(&faults(&others, &imports));
}

/// The circles of a crate of these files.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let text = |path: &str| Some(files.iter().find(|(name, _)| path == format!("src/{name}"))?.1.to_owned());
    let mut modules = Modules::new(&text);
    modules.add_crate("shop", "src");
    let imports = modules.imports();
    faults(&circles(&imports), &imports)
}

/// The circles of `a.rs`, which takes `Beta` from `b.rs`, and a `b.rs` with these lines as well.
fn found_with(lines: &str) -> Vec<String> {
    let above = "use super::b::*;\npub struct Alpha(Beta);\npub fn alpha() {}\n";
    let below = format!("pub struct Beta;\n{lines}\n");
    found(&[("lib.rs", "mod a;\nmod b;\n"), ("a.rs", above), ("b.rs", below.as_str())])
}

/// The circle of `a.rs` and `b.rs`, by this name of `a.rs`.
fn circle_by(name: &str) -> [String; 3] {
    let first = "circle of 2 files: move what both need to a file of its own".to_owned();
    [first, "src/a.rs -> src/b.rs: Beta".to_owned(), format!("src/b.rs -> src/a.rs: {name}")]
}

#[test]
fn a_circle_is_found_with_the_names_that_close_it() {
    assert_eq!(found_with("use super::a;"), Vec::<String>::new(), "the module alone");
    for import in [
        "use shop::a::{self, Alpha as Above};",
        "fn f(_: crate::a::Alpha) {}",
        "use super::a; impl From<a::Alpha> for Beta {}",
        "fn f() { println!(\"{}\", super::a::Alpha::new()) }",
        "use inner::Alpha; mod inner { pub use super::super::a::Alpha; }",
    ] {
        assert_eq!(found_with(import), circle_by("Alpha"), "{import}");
    }
    let (one, two, three) = ("struct A(crate::b::B);", "struct B(crate::c::C);", "struct C(crate::a::A);");
    let faults = found(&[("lib.rs", "mod a; mod b; mod c;"), ("a.rs", one), ("b.rs", two), ("c.rs", three)]);
    assert_eq!(faults[1..], ["src/a.rs -> src/b.rs: B", "src/b.rs -> src/c.rs: C", "src/c.rs -> src/a.rs: A"]);
}

#[test]
fn a_re_exported_name_counts_to_the_file_that_defines_it() {
    let parent = ("lib.rs", "mod a;\nmod b;\npub use a::Alpha;\npub use b::*;\n");
    let above = ("a.rs", "use super::Beta;\npub struct Alpha(Beta);\n");
    assert_eq!(found(&[parent, above, ("b.rs", "pub struct Beta;\n")]), Vec::<String>::new());
    assert_eq!(found(&[parent, above, ("b.rs", "pub struct Beta(crate::Alpha);\n")]), circle_by("Alpha"));
    let owner = ("lib.rs", "mod a;\npub use a::Alpha;\npub struct Own;\n");
    let faults = found(&[owner, ("a.rs", "pub struct Alpha(super::Own);\n")]);
    assert_eq!(faults[1..], ["src/a.rs -> src/lib.rs: Own", "src/lib.rs -> src/a.rs: Alpha"]);
}

#[test]
fn tests_and_texts_do_not_count() {
    for left_out in [
        "#[cfg(test)]\nmod tests {\n    use crate::a::Alpha;\n}",
        "#[cfg(all(test, unix))]\nmod tests {\n    use crate::a::Alpha;\n}",
        "#[cfg(test)]\n#[path = \"b_tests.rs\"]\nmod tests;",
        "#[cfg(test)]\nuse crate::a::Alpha;",
        "impl Beta {\n    #[cfg(test)]\n    fn of(_: &crate::a::Alpha) -> [u8; 2] { [0; 2] }\n}",
        "// crate::a::Alpha\n/// [`crate::a::Alpha`]\npub const TEXT: &str = \"crate::a::Alpha\";",
    ] {
        assert_eq!(found_with(left_out), Vec::<String>::new(), "{left_out}");
        assert_eq!(found_with(&format!("{left_out}\nfn f(_: crate::a::Alpha) {{}}")), circle_by("Alpha"), "after {left_out}");
    }
}

#[test]
fn names_of_a_glob_count_if_they_are_used() {
    assert_eq!(found_with("use super::a::*;\nfn f(beta: Beta) { beta.alpha(); }"), Vec::<String>::new());
    assert_eq!(found_with("use super::a::*;\nfn f() { alpha(); }"), circle_by("alpha"));
    assert_eq!(found_with("use prelude::*;\nmod prelude { pub use crate::a::*; }\nfn f() { alpha(); }"), circle_by("alpha"));
}
