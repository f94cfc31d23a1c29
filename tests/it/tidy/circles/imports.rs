//! Imports between files, read from tokens: the modules of crates, the items that they define, and
//! the names that they take from one another. Tests are left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use syn::buffer::{Cursor, TokenBuffer};

/// Words before the name of an item.
const ITEMS: [&str; 9] = ["const", "enum", "fn", "macro_rules", "static", "struct", "trait", "type", "union"];

/// Words after those that are no name: `const fn`, `static mut`, `const _`.
const NO_NAMES: [&str; 6] = ["_", "async", "extern", "fn", "mut", "unsafe"];

/// Files, the files that each imports from, and the names that it takes from them.
pub type Imports = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

type Path = Vec<String>;

/// A module: a file, or a block in one.
#[derive(Default)]
struct Module {
    file: String,
    /// Folder of the files of its own modules.
    folder: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    items: BTreeSet<String>,
    /// Names that `use` gives, with their paths; `*` for all names of a path.
    uses: Vec<(String, Path)>,
    /// Paths and single words of the code.
    paths: BTreeSet<Path>,
}

impl Module {
    /// The paths that `use` gives this name.
    fn used<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t Path> {
        self.uses.iter().filter(move |(given, _)| given == name).map(|(_, path)| path)
    }
}

/// The target of a path; an item is named by the file that defines it.
enum Found<'t> {
    Module(usize),
    Item { file: &'t str, name: &'t str },
}

/// The modules of crates.
pub struct Modules<'a> {
    /// Returns the text of a file, or `None` if there is none.
    text: &'a dyn Fn(&str) -> Option<String>,
    all: Vec<Module>,
    crates: BTreeMap<String, usize>,
}

impl<'a> Modules<'a> {
    pub fn new(text: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { text, all: Vec::new(), crates: BTreeMap::new() }
    }

    /// Reads a crate, whose `lib.rs` is in this folder, with all of its modules.
    pub fn add_crate(&mut self, name: &str, folder: &str) {
        let library = self.file(&format!("{folder}/lib.rs"), folder, None).unwrap_or_else(|| panic!("{folder} has no lib.rs"));
        self.crates.insert(name.replace('-', "_"), library);
    }

    fn file(&mut self, path: &str, folder: &str, parent: Option<usize>) -> Option<usize> {
        let text = (self.text)(path)?;
        let tokens = text.parse().map(TokenBuffer::new2).unwrap_or_else(|error| panic!("{path}: {error}"));
        Some(self.add(path, folder, parent, tokens.begin()))
    }

    fn add(&mut self, file: &str, folder: &str, parent: Option<usize>, tokens: Cursor<'_>) -> usize {
        let module = self.all.len();
        self.all.push(Module { file: file.to_owned(), folder: folder.to_owned(), parent, ..Module::default() });
        self.read(tokens, module, true);
        module
    }

    /// Reads tokens of a module. `is_top`: items among them are the module's own.
    fn read(&mut self, mut cursor: Cursor<'_>, module: usize, is_top: bool) {
        // The sign just before a token.
        let mut sign = ' ';
        while !cursor.eof() {
            if let Some((punct, rest)) = cursor.punct() {
                (sign, cursor) = (punct.as_char(), rest);
                continue;
            }
            cursor = if let Some((word, rest)) = cursor.ident() {
                self.word(word.to_string(), sign, rest, module, is_top)
            } else if let Some((inside, _, _, rest)) = cursor.any_group() {
                if sign == '#' && is_of_tests(inside) {
                    after_item(rest)
                } else {
                    self.read(inside, module, is_top && sign == '!');
                    rest
                }
            } else {
                let lifetime = cursor.lifetime().map(|(_, rest)| rest);
                lifetime.or_else(|| Some(cursor.token_tree()?.1)).expect("a token is left")
            };
            sign = ' ';
        }
    }

    /// Reads a word, the path that it begins, or the item that it introduces. Returns the tokens after
    /// it.
    fn word<'c>(&mut self, word: String, sign: char, mut rest: Cursor<'c>, module: usize, is_top: bool) -> Cursor<'c> {
        // `use<'a>` is a bound of a type.
        if word == "use" && rest.punct().is_none_or(|(next, _)| next.as_char() != '<') {
            return read_uses(rest, &[], &mut self.all[module].uses);
        }
        if word == "mod" && is_top {
            return self.module(rest, module);
        }
        if is_top && ITEMS.contains(&word.as_str()) {
            // `macro_rules!` has a sign before the name.
            let name = rest.punct().map_or(rest, |(_, after)| after).ident().map(|(name, _)| name.to_string());
            self.all[module].items.extend(name.filter(|name| !NO_NAMES.contains(&name.as_str())));
            return rest;
        }
        let mut path = vec![word];
        while let Some((name, after)) = next_of_path(rest) {
            path.push(name);
            rest = after;
        }
        // A single word after a dot is a field or a method.
        if sign != '.' || path.len() > 1 {
            self.all[module].paths.insert(path);
        }
        rest
    }

    /// Reads the module of a block or of a file; returns the tokens after it.
    fn module<'c>(&mut self, cursor: Cursor<'c>, parent: usize) -> Cursor<'c> {
        let Some((name, rest)) = cursor.ident() else { return cursor };
        let (folder, file) = (format!("{}/{name}", self.all[parent].folder), self.all[parent].file.clone());
        let (child, rest) = if let Some((inside, _, _, after)) = rest.any_group() {
            (self.add(&file, &folder, Some(parent), inside), after)
        } else {
            let paths = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
            let child = paths.iter().find_map(|path| self.file(path, &folder, Some(parent)));
            (child.unwrap_or_else(|| panic!("{file}: module {name} has no file")), rest)
        };
        self.all[parent].children.insert(name.to_string(), child);
        rest
    }

    /// Returns the names that files take from others. A name counts to the file that defines it, also
    /// if another one re-exports it.
    pub fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (index, module) in self.all.iter().enumerate() {
            for path in module.paths.iter().chain(module.uses.iter().map(|(_, path)| path)) {
                if let Some(Found::Item { file, name }) = self.find(index, path, &mut Vec::new())
                    && file != module.file
                {
                    let names = imports.entry(module.file.clone()).or_default().entry(file.to_owned()).or_default();
                    names.insert(name.to_owned());
                }
            }
        }
        imports
    }

    /// The target of a path that a module has. `seen` are the names that were looked up for it.
    fn find<'t>(&'t self, module: usize, path: &'t [String], seen: &mut Vec<(usize, &'t str)>) -> Option<Found<'t>> {
        let Some((first, rest)) = path.split_first() else { return Some(Found::Module(module)) };
        let next = match first.as_str() {
            "self" => module,
            "super" => self.all[module].parent?,
            "crate" => iter::successors(Some(module), |one| self.all[*one].parent).last()?,
            name => match self.named(module, name, seen) {
                Some(Found::Module(next)) => next,
                None => *self.crates.get(name)?,
                item => return item,
            },
        };
        self.find(next, rest, seen)
    }

    /// The module or the item that has this name in a module.
    fn named<'t>(&'t self, module: usize, name: &'t str, seen: &mut Vec<(usize, &'t str)>) -> Option<Found<'t>> {
        if seen.contains(&(module, name)) {
            return None;
        }
        seen.push((module, name));
        let here = &self.all[module];
        if let Some(child) = here.children.get(name) {
            return Some(Found::Module(*child));
        }
        if here.items.contains(name) {
            return Some(Found::Item { file: &here.file, name });
        }
        let found = here.used(name).find_map(|path| self.find(module, path, seen));
        found.or_else(|| {
            here.used("*").find_map(|path| match self.find(module, path, seen)? {
                Found::Module(other) => self.named(other, name, seen),
                Found::Item { .. } => None,
            })
        })
    }
}

/// Reads the tree that follows `use`, and adds its names. Returns the tokens after it.
fn read_uses<'c>(mut cursor: Cursor<'c>, before: &[String], uses: &mut Vec<(String, Path)>) -> Cursor<'c> {
    let (mut path, mut name, mut sign) = (before.to_vec(), String::new(), ' ');
    while !cursor.eof() && sign != ',' && sign != ';' {
        if let Some((word, rest)) = cursor.ident() {
            let is_alias = name == "as";
            (name, cursor) = (word.to_string(), rest);
            if name == "self" && !path.is_empty() {
                name = path.last().cloned().unwrap_or_default();
            } else if name != "as" && !is_alias {
                path.push(name.clone());
            }
        } else if let Some((inside, _, _, rest)) = cursor.any_group() {
            read_uses(inside, &path, uses);
            (name, cursor) = (String::new(), rest);
        } else {
            let Some((punct, rest)) = cursor.punct() else { break };
            (sign, cursor) = (punct.as_char(), rest);
            if sign == '*' {
                name = "*".to_owned();
            }
        }
    }
    if !name.is_empty() {
        uses.push((name, path));
    }
    if sign == ',' { read_uses(cursor, before, uses) } else { cursor }
}

/// The name after `::`, and the tokens after it.
fn next_of_path(cursor: Cursor<'_>) -> Option<(String, Cursor<'_>)> {
    let (first, rest) = cursor.punct()?;
    let (second, rest) = rest.punct()?;
    let (name, rest) = rest.ident()?;
    (first.as_char() == ':' && second.as_char() == ':').then(|| (name.to_string(), rest))
}

/// Whether the tokens of an attribute are `test`, `cfg(test)` or `cfg(all(test, …))`.
fn is_of_tests(attribute: Cursor<'_>) -> bool {
    match attribute.ident() {
        Some((word, _)) if word == "test" => true,
        Some((word, rest)) if word == "cfg" || word == "all" => rest.any_group().is_some_and(|(inside, ..)| is_of_tests(inside)),
        _ => false,
    }
}

/// Returns the tokens after an item, which ends with a semicolon or with a block.
fn after_item(mut cursor: Cursor<'_>) -> Cursor<'_> {
    while let Some((_, rest)) = cursor.token_tree() {
        let is_block = cursor.any_group().is_some_and(|(_, delimiter, ..)| format!("{delimiter:?}") == "Brace");
        let is_end = is_block || cursor.punct().is_some_and(|(sign, _)| sign.as_char() == ';');
        cursor = rest;
        if is_end {
            break;
        }
    }
    cursor
}
