//! Vocabulary of the project: modules and types have standard names instead of private ones, pages
//! of the documentation have no private words, and the glossary stays short.

use std::fs;

use syn::visit::{self, Visit};

use crate::tidy::{files, root, sources};

/// Names that no module may have, and their replacements (`docs/STYLE.md`, rule 2).
const MODULES: &[(&str, &str)] = &[
    ("about", "audience"),
    ("ahead", "speculative_state"),
    ("apart", "boxed"),
    ("around", "a noun of the room"),
    ("asked", "request"),
    ("at_once", "immediate_loader"),
    ("beforehand", "preauthorize"),
    ("beside", "attachment"),
    ("budget", "rate_limit"),
    ("chores", "job_registry"),
    ("chosen", "settings"),
    ("counted", "count_events"),
    ("crowd", "per_caller_limit"),
    ("desk", "operation"),
    ("doorkeeper", "authenticator"),
    ("examined", "validation_cache"),
    ("figures", "metrics, or a noun of the room"),
    ("furniture", "tenant_provisioner"),
    ("gate", "concurrency"),
    ("gauges", "metrics"),
    ("jar", "auth_cookies"),
    ("known", "a noun of the room"),
    ("late", "lazy"),
    ("leaks", "leaked_keys"),
    ("lean", "direct_json"),
    ("lend", "backdate"),
    ("letter", "email"),
    ("letters", "emails"),
    ("mine", "ownership"),
    ("misfit", "coercion_path"),
    ("moved", "transfer_events"),
    ("nouns", "entities"),
    ("outline", "schema_index"),
    ("outward", "cluster_notices"),
    ("pause", "backoff"),
    ("payer", "quota"),
    ("pen", "writer"),
    ("places", "a noun of the room"),
    ("post", "mailer, or posting"),
    ("purses", "buckets"),
    ("rider", "commit_hook"),
    ("seat", "stream_handle"),
    ("shelf", "extensions"),
    ("sight", "visibility"),
    ("spread", "jitter"),
    ("stamp", "context"),
    ("standing", "a noun of the room"),
    ("steward", "maintenance"),
    ("till", "cost_limiter"),
    ("together", "coalesce"),
    ("told", "shared_event"),
    ("voice", "stdout"),
    ("wall", "row_security"),
    ("wish", "options"),
    ("words", "enums"),
];

/// Names that no struct, enum, trait or alias may have.
const TYPES: &[(&str, &str)] = &[
    ("About", "the noun that it is about"),
    ("Ahead", "SpeculativeState"),
    ("Apart", "Boxed"),
    ("Around", "a noun of the room"),
    ("Asked", "GraphqlRequest, or a noun of the room"),
    ("Asks", "ContextExt"),
    ("Below", "ChildSelection"),
    ("Beside", "a noun of the room"),
    ("Bill", "Charge"),
    ("Budgets", "RateLimiter"),
    ("Carried", "BatchOutcome"),
    ("Carrier", "BulkExecutor"),
    ("Crowd", "PerCallerLimit"),
    ("Desk", "OperationService, MetricsServer, or a noun of the room"),
    ("Doorkeeper", "Authenticator"),
    ("Enter", "JoinFn"),
    ("Examined", "ValidationCache"),
    ("Figures", "a noun of the room"),
    ("Furnish", "TenantProvisioner"),
    ("Furniture", "TenantDefaults"),
    ("Gates", "ConcurrencyLimits"),
    ("InPerson", "Visibility::PerUser"),
    ("Jar", "AuthCookies"),
    ("Known", "a noun of the room"),
    ("Late", "Lazy"),
    ("Leaks", "LeakedKeyReports"),
    ("Letter", "Email"),
    ("Likes", "CohortKey"),
    ("Maker", "Requester"),
    ("Mark", "ItemMeta, or a noun of the room"),
    ("Outline", "SchemaIndex"),
    ("Outward", "ClusterNotices"),
    ("Pause", "Backoff"),
    ("Payer", "QuotaSubject"),
    ("Pen", "AuditWriter"),
    ("Place", "a noun of the room"),
    ("Plain", "SelectionView"),
    ("Post", "Mailer"),
    ("Purse", "Bucket"),
    ("Repeats", "KeyLookupPolicy"),
    ("Rider", "CommitHook"),
    ("Seat", "StreamHandle"),
    ("Sight", "Visibility, or a noun of the room"),
    ("Spread", "Jitter"),
    ("Stamp", "AuditContext"),
    ("Standing", "a noun of the room"),
    ("Steward", "Maintenance"),
    ("Till", "CostLimiter"),
    ("ToGo", "SetCookies"),
    ("Told", "SharedEvent, or a noun of the room"),
    ("Trial", "DryRun"),
    ("Wall", "ActiveRowSecurity"),
    ("Wish", "StreamOptions"),
    ("Words", "PreparedSql, or a noun of the room"),
];

/// Names that no function and no method may have.
const FUNCTIONS: &[(&str, &str)] = &[
    ("about", "set_target, description"),
    ("apart", "with_own_connections, or a noun of the room"),
    ("around", "run_within, or a noun of the room"),
    ("asked", "the noun that is requested"),
    ("asks", "requested, or a noun of the room"),
    ("beside", "sibling, or a noun of the room"),
    ("lend", "checkout, backdate"),
    ("outward", "rounded_outwards"),
    ("standing", "a noun of the room"),
    ("told", "the noun that is returned: an event, an error, a line"),
];

/// Names that no field may have. Others of `FUNCTIONS` are still names of fields.
const FIELDS: &[(&str, &str)] = &[
    ("about", "target, description"),
    ("apart", "a noun of the room"),
    ("around", "a noun of the room"),
    ("asked", "the noun that is requested"),
    ("beside", "sibling, or a noun of the room"),
    ("exists", "stock::core::RowState, or an enum of the states"),
    ("lend", "backdate"),
    ("outward", "a noun of the room"),
    ("told", "the noun that is returned: an event, an error, a line"),
];

/// Fields that keep a private name: columns that older versions read and write at the same time.
const COLUMNS: &[(&str, &str)] = &[("entity/src/tables/exchange.rs", "told")];

/// Words that are not allowed in the prose of any page, and their replacements.
const PROSE: &[(&str, &str)] = &[
    ("budget", "rate limit"),
    ("budgets", "rate limits"),
    ("everybody", "all callers, or the noun"),
    ("figure", "value, metric or measurement"),
    ("figures", "values, metrics or measurements"),
    ("gate", "the noun of the check"),
    ("good for", "valid for"),
    ("good once", "single use"),
    ("let in", "accepted"),
    ("lets in", "accepts"),
    ("letter", "e-mail, or character"),
    ("letters", "e-mails, or characters"),
    ("lie", "is, or the verb of the thing"),
    ("lies", "is, or the verb of the thing"),
    ("nobody", "the noun: no caller, no member"),
    ("put down", "created, or inserted"),
    ("somebody", "the noun: a member, another session"),
    ("stand", "is, or the verb of the thing"),
    ("stands", "is, or the verb of the thing"),
    ("stood", "was, or the verb of the thing"),
    ("tell", "reports, returns or lists"),
    ("tells", "reports, returns or lists"),
    ("told", "reported, returned or shown"),
    ("wall", "row security"),
    ("whoever", "the noun: the caller, the member"),
];

/// Terms of the field that have one of these words.
const TERMS: &[&str] = &["dead letter", "dead letters", "error budget", "lower case letters"];

/// Phrases that are allowed in one page: a message of the log, quoted, a plan's own budget of money, and a line that a program writes into the page.
const PHRASES: &[(&str, &str)] = &[
    ("docs/product-text.md", "told apart by a size"),
    ("docs/product-text.md", "wall decor"),
    ("docs/replenishment.md", "budget"),
];

/// Words that begin a question, and no statement.
const QUESTIONS: [&str; 5] = ["What", "Who", "Whoever", "Of", "Where"];

/// Pages with other rules: a program writes the changelog, the page of style quotes bad examples, and decisions and pages of crates are not revised
/// later.
const OTHER_PAGES: [&str; 5] = ["docs/STYLE.md", "docs/api-changelog.md", "docs/api/", "docs/crates/", "docs/decisions/"];

/// Terms that the glossary may have.
const MAX_TERMS: usize = 40;

fn standard(names: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    names.iter().find(|(private, _)| *private == name).map(|(_, standard)| *standard)
}

/// The private names that a file defines.
struct Found<'a> {
    file: &'a str,
    faults: Vec<String>,
}

impl Found<'_> {
    fn module(&mut self, name: &str) {
        let fault = standard(MODULES, name).map(|standard| format!("{}: module {name}: {standard}", self.file));
        self.faults.extend(fault);
    }

    fn named(&mut self, name: &syn::Ident) {
        let name = name.to_string();
        let fault = standard(TYPES, &name).map(|standard| format!("{}: {name}: {standard}", self.file));
        self.faults.extend(fault);
    }

    fn function(&mut self, name: &syn::Ident) {
        let name = name.to_string();
        let fault = standard(FUNCTIONS, &name).map(|standard| format!("{}: fn {name}: {standard}", self.file));
        self.faults.extend(fault);
    }
}

impl<'a> Visit<'a> for Found<'_> {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        self.module(&item.ident.to_string());
        visit::visit_item_mod(self, item);
    }
    fn visit_item_struct(&mut self, item: &'a syn::ItemStruct) {
        self.named(&item.ident);
        visit::visit_item_struct(self, item);
    }
    fn visit_item_enum(&mut self, item: &'a syn::ItemEnum) {
        self.named(&item.ident);
        // Variants are not types, except the one that the table names.
        item.variants.iter().filter(|variant| variant.ident == "InPerson").for_each(|variant| self.named(&variant.ident));
    }
    fn visit_item_union(&mut self, item: &'a syn::ItemUnion) {
        self.named(&item.ident);
    }
    fn visit_item_trait(&mut self, item: &'a syn::ItemTrait) {
        self.named(&item.ident);
        visit::visit_item_trait(self, item);
    }
    fn visit_item_type(&mut self, item: &'a syn::ItemType) {
        self.named(&item.ident);
    }
    fn visit_trait_item_type(&mut self, item: &'a syn::TraitItemType) {
        self.named(&item.ident);
    }
    fn visit_signature(&mut self, signature: &'a syn::Signature) {
        self.function(&signature.ident);
        visit::visit_signature(self, signature);
    }
    fn visit_field(&mut self, field: &'a syn::Field) {
        let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let is_column = COLUMNS.iter().any(|(file, column)| self.file.ends_with(*file) && *column == name);
        let fault = standard(FIELDS, &name).filter(|_| !is_column);
        self.faults.extend(fault.map(|standard| format!("{}: field {name}: {standard}", self.file)));
    }
}

fn private_names(file: &str, text: &str) -> Vec<String> {
    let mut found = Found { file, faults: Vec::new() };
    found.visit_file(&syn::parse_file(text).unwrap());
    found.faults
}

#[test]
fn names_are_the_words_of_the_field() {
    let mut sources = sources();
    // Tables are in a package of their own, which the order of crates does not contain.
    sources.extend(files(&root().join("entity/src"), ".rs").into_iter().map(|path| (path.display().to_string(), path)));
    let faults: Vec<_> =
        sources.iter().flat_map(|(name, path)| private_names(name, &fs::read_to_string(path).unwrap())).collect();
    assert!(faults.is_empty(), "{} private names: {faults:#?}", faults.len());
}

#[test]
fn private_names_are_found() {
    let text = "mod till; mod tests { struct Desk; } enum Visibility { InPerson, Known } trait Noun { type Around; } type Place = u8; struct Charge;";
    let found = ["module till: cost_limiter", "Desk: ", "InPerson: ", "Around: ", "Place: "];
    let faults = private_names("a.rs", text);
    assert_eq!(faults.len(), found.len(), "{faults:?}");
    assert!(faults.iter().zip(found).all(|(fault, name)| fault.starts_with(&format!("a.rs: {name}"))), "{faults:?}");
}

#[test]
fn private_names_of_functions_and_fields_are_found() {
    let text = "struct Row { apart: u8, told: u8 } impl Row { fn told(&self) {} } trait Noun { fn around(); } fn asked() { fn lend() {} }";
    let found = ["field apart: ", "field told: ", "fn told: ", "fn around: ", "fn asked: ", "fn lend: "];
    let faults = private_names("a.rs", text);
    assert_eq!(faults.len(), found.len(), "{faults:?}");
    assert!(faults.iter().zip(found).all(|(fault, name)| fault.starts_with(&format!("a.rs: {name}"))), "{faults:?}");
    let columns = private_names("entity/src/tables/exchange.rs", "struct Model { told: u8, apart: u8 } fn told() {}");
    assert_eq!(columns.len(), 2, "{columns:?}");
}

/// The prose of a page with the numbers of its lines: no block, no code in a line, no target of a link.
fn prose(page: &str) -> Vec<(usize, String)> {
    let (mut lines, mut is_block) = (Vec::new(), false);
    for (index, line) in page.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if !is_block && !line.starts_with("    ") {
            let text = line.split('`').step_by(2).collect::<Vec<_>>().join("_");
            let mut parts = text.split("](");
            let first = parts.next().unwrap_or_default().to_owned();
            let rest = parts.map(|part| part.split_once(')').map_or("", |(_, rest)| rest));
            lines.push((index + 1, rest.fold(first, |text, part| text + "]" + part)));
        }
    }
    lines
}

/// A text as words in lower case, each with a space on both sides.
fn as_words(text: &str) -> String {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// The first sentence of a text that begins with one of these words and asks nothing. Sentences begin
/// after a mark; lines of lists and tables after their own.
pub fn begins_as_a_question<'a>(text: &'a str, marks: &[&str], words: &[&str]) -> Option<&'a str> {
    let begins = marks.iter().flat_map(|mark| text.match_indices(mark)).map(|(at, mark)| at + mark.len());
    std::iter::once(0).chain(begins).map(|at| text[at..].trim_start_matches(['#', '*', '|', '-', ' '])).find(|sentence| {
        let word: String = sentence.chars().take_while(|c| c.is_alphanumeric()).collect();
        let end = sentence.find(['.', '?', '|']);
        words.contains(&word.as_str()) && end.is_none_or(|end| !sentence[end..].starts_with('?'))
    })
}

fn private_words(name: &str, page: &str) -> Vec<String> {
    let phrases = PHRASES.iter().filter(|(of, _)| *of == name).map(|(_, phrase)| *phrase);
    let allowed: Vec<String> = TERMS.iter().copied().chain(phrases).map(|phrase| format!(" {phrase} ")).collect();
    let mut faults = Vec::new();
    for (number, line) in prose(page) {
        let text = allowed.iter().fold(as_words(&line), |text, phrase| text.replace(phrase, " "));
        let found = PROSE.iter().filter(|(word, _)| text.contains(&format!(" {word} ")));
        faults.extend(found.map(|(word, standard)| format!("{name}:{number}: {word}: {standard}")));
        faults.extend(
            begins_as_a_question(&line, &[". ", ": ", "| "], &QUESTIONS)
                .map(|text| format!("{name}:{number}: begins as a question: {text}")),
        );
    }
    faults
}

#[test]
fn pages_have_the_words_of_the_field() {
    let mut paths = files(&root().join("docs"), ".md");
    paths.extend(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    let mut faults = Vec::new();
    for path in paths {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        if !OTHER_PAGES.iter().any(|other| name.starts_with(*other)) {
            faults.extend(private_words(&name, &fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(faults.is_empty(), "{} private words: {faults:#?}", faults.len());
}

#[test]
fn private_words_of_pages_are_found() {
    let page = "# What is left\n\nA dead letter is no e-mail. Nobody's `letter` is told.\n[let\nIt is let in](letters.md), `told`.\n\n```\ntold\n```\n\n| a | Of two |\nWhat for? So.\n";
    let found = ["a.md:1: begins", "a.md:3: nobody", "a.md:3: told", "a.md:5: let in", "a.md:11: begins"];
    let faults = private_words("a.md", page);
    assert_eq!(faults.len(), found.len(), "{faults:?}");
    assert!(faults.iter().zip(found).all(|(fault, start)| fault.starts_with(start)), "{faults:?}");
    assert_eq!(private_words("docs/replenishment.md", "A budget of money.\n"), Vec::<String>::new());
}

#[test]
fn the_glossary_is_short_and_in_order() {
    let glossary = fs::read_to_string(root().join("docs/GLOSSARY.md")).unwrap();
    let terms: Vec<&str> =
        glossary.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**: ").map(|(term, _)| term)).collect();
    let entries = glossary.lines().filter(|line| line.starts_with(['-', '*', '+'])).count();
    assert_eq!(terms.len(), entries, "each entry is a line as `- **term**: what it means`");
    assert!((1..=MAX_TERMS).contains(&entries), "{entries} terms, and at most {MAX_TERMS} are kept");
    assert!(
        terms.is_sorted_by(|one, next| one.to_lowercase() < next.to_lowercase()),
        "terms stand in their order, each once: {terms:?}"
    );
}
