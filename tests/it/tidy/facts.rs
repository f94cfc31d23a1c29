//! Names and actions of a source file, read from its syntax; tests inside it are left out.

use std::collections::BTreeSet;

use syn::{
    Attribute, Expr, ExprMethodCall, File, ImplItem, Item, Local, Macro, UseTree,
    visit::{self, Visit},
};

/// Everything that a file names, and what else it does that the rules speak of.
#[derive(Default)]
pub struct Facts {
    /// Whole paths, `crate::` and `super::` made out.
    pub paths: BTreeSet<String>,
    pub methods: BTreeSet<String>,
    pub is_async: bool,
    pub macros: BTreeSet<String>,
    /// `unwrap` and `expect` outside tests, without an `#[expect]` that gives the reason.
    pub unwraps: Vec<String>,
    module: Vec<String>,
    excused: usize,
    in_tests: usize,
}

impl Facts {
    pub fn of(file: &str, parsed: &File) -> Self {
        let mut module: Vec<String> = file.trim_end_matches(".rs").split('/').map(ToOwned::to_owned).collect();
        if ["mod", "lib", "main"].contains(&module.last().map(String::as_str).unwrap_or_default()) {
            module.pop();
        }
        let mut facts = Self { module, ..Self::default() };
        facts.visit_file(parsed);
        facts
    }

    /// Whether the file names this, or something in it.
    pub fn names(&self, what: &str) -> bool {
        self.paths.iter().any(|path| path == what || path.strip_prefix(what).is_some_and(|rest| rest.starts_with("::")))
    }

    fn name(&mut self, path: &[String]) {
        let mut whole: Vec<String> = Vec::new();
        let mut here = self.module.clone();
        let mut is_local = false;
        for (index, part) in path.iter().enumerate() {
            match part.as_str() {
                "crate" if index == 0 => (is_local, here) = (true, Vec::new()),
                "self" if index == 0 => is_local = true,
                "super" => {
                    is_local = true;
                    here.pop();
                }
                _ => whole.push(part.clone()),
            }
        }
        let parts = if is_local { ["crate".to_owned()].into_iter().chain(here).chain(whole).collect() } else { whole };
        self.paths.insert(parts.join("::"));
    }

    fn use_tree(&mut self, tree: &UseTree, before: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.use_tree(&path.tree, before);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|one| self.use_tree(one, before)),
            UseTree::Name(syn::UseName { ident }) | UseTree::Rename(syn::UseRename { ident, .. }) => {
                let mut whole = before.clone();
                if ident != "self" {
                    whole.push(ident.to_string());
                }
                self.name(&whole);
            }
            UseTree::Glob(_) => self.name(&before.clone()),
        }
    }

    /// Names inside a macro call or an attribute, which are no syntax yet.
    fn tokens(&mut self, text: &str) {
        let words: Vec<&str> =
            text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).filter(|word| !word.is_empty()).collect();
        let joined = words.join(" ").replace(" :: ", "::");
        for path in joined.split(' ').filter(|word| word.contains("::")) {
            let parts: Vec<String> = path.split("::").filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect();
            self.name(&parts);
        }
        if self.excused == 0 && self.in_tests == 0 && [". unwrap ()", ". expect ("].iter().any(|call| text.contains(call)) {
            self.unwraps.push(text.chars().take(60).collect());
        }
    }

    fn within(&mut self, attributes: &[Attribute], go: impl FnOnce(&mut Self)) {
        let text = |attribute: &Attribute| match &attribute.meta {
            syn::Meta::List(list) => list.tokens.to_string(),
            _ => String::new(),
        };
        let excuses = attributes.iter().filter(|one| one.path().is_ident("expect")).any(|one| text(one).contains("_used"));
        let tests = attributes.iter().filter(|one| one.path().is_ident("cfg")).any(|one| text(one) == "test")
            || attributes.iter().any(|one| one.path().segments.last().is_some_and(|name| name.ident == "test"));
        (self.excused, self.in_tests) = (self.excused + usize::from(excuses), self.in_tests + usize::from(tests));
        go(self);
        (self.excused, self.in_tests) = (self.excused - usize::from(excuses), self.in_tests - usize::from(tests));
    }
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        _ => &[],
    }
}

impl<'a> Visit<'a> for Facts {
    fn visit_item(&mut self, item: &'a Item) {
        self.within(attributes_of(item), |facts| {
            // Tests may use more than the code that they test.
            if facts.in_tests == 0 {
                visit::visit_item(facts, item);
            }
        });
    }
    fn visit_impl_item(&mut self, item: &'a ImplItem) {
        let attributes: &[Attribute] = if let ImplItem::Fn(function) = item { &function.attrs } else { &[] };
        self.within(attributes, |facts| visit::visit_impl_item(facts, item));
    }
    fn visit_local(&mut self, local: &'a Local) {
        self.within(&local.attrs, |facts| visit::visit_local(facts, local));
    }
    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.use_tree(&item.tree, &mut Vec::new());
    }
    fn visit_path(&mut self, path: &'a syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if parts.len() > 1 {
            self.name(&parts);
        }
        visit::visit_path(self, path);
    }
    fn visit_macro(&mut self, call: &'a Macro) {
        self.macros.extend(call.path.segments.last().map(|last| last.ident.to_string()));
        self.tokens(&call.tokens.to_string());
        visit::visit_macro(self, call);
    }
    fn visit_attribute(&mut self, attribute: &'a Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(&list.tokens.to_string());
        }
        visit::visit_attribute(self, attribute);
    }
    fn visit_signature(&mut self, signature: &'a syn::Signature) {
        self.is_async |= signature.asyncness.is_some();
        visit::visit_signature(self, signature);
    }
    fn visit_expr(&mut self, expr: &'a Expr) {
        self.is_async |= matches!(expr, Expr::Async(_) | Expr::Await(_));
        visit::visit_expr(self, expr);
    }
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        let name = call.method.to_string();
        // `Option` and `Result` take nothing, or a text; what takes something else is a method of ours.
        let is_text = call.args.iter().all(|argument| matches!(argument, Expr::Lit(_)));
        if self.excused == 0 && call.attrs.is_empty() && (name == "unwrap" || name == "expect" && is_text) {
            self.unwraps.push(format!("{name} in {:?}", self.module));
        }
        self.methods.insert(name);
        visit::visit_expr_method_call(self, call);
    }
}
