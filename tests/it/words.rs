//! The house's words: no module and no type has a private name where the field has a standard one,
//! and the glossary stays short.

use std::fs;

use syn::visit::{self, Visit};

use crate::tidy::{files, root, sources};

/// Names that no module may have, and what stands for them (`docs/STYLE.md`, rule 2).
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

/// Terms that the glossary may have.
const MOST_TERMS: usize = 40;

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
}

impl<'a> Visit<'a> for Found<'_> {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        self.module(&item.ident.to_string());
        visit::visit_item_mod(self, item);
    }
    fn visit_item_struct(&mut self, item: &'a syn::ItemStruct) {
        self.named(&item.ident);
    }
    fn visit_item_enum(&mut self, item: &'a syn::ItemEnum) {
        self.named(&item.ident);
        // A variant is no type, but for the one that the table names.
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
}

fn private_names(file: &str, text: &str) -> Vec<String> {
    let mut found = Found { file, faults: Vec::new() };
    found.visit_file(&syn::parse_file(text).unwrap());
    found.faults
}

#[test]
fn names_are_the_words_of_the_field() {
    let mut sources = sources();
    // The tables: a package of its own, which the order of crates does not name.
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
fn the_glossary_is_short_and_in_order() {
    let glossary = fs::read_to_string(root().join("docs/GLOSSARY.md")).unwrap();
    let terms: Vec<&str> =
        glossary.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**: ").map(|(term, _)| term)).collect();
    let entries = glossary.lines().filter(|line| line.starts_with(['-', '*', '+'])).count();
    assert_eq!(terms.len(), entries, "each entry is a line as `- **term**: what it means`");
    assert!((1..=MOST_TERMS).contains(&entries), "{entries} terms, and at most {MOST_TERMS} are kept");
    assert!(
        terms.is_sorted_by(|one, next| one.to_lowercase() < next.to_lowercase()),
        "terms stand in their order, each once: {terms:?}"
    );
}
