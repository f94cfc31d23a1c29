//! Pages: their contents, and that text of a schema or a guide is always escaped.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod guides;

use std::collections::{BTreeMap, BTreeSet};

use reference::{Guide, Reference, ReferenceError};
use serde_json::Value;

const SDL: &str = include_str!("../../../schema.graphql");

fn real() -> Reference {
    Reference::new(SDL, guides::ALL).unwrap()
}

fn body(reference: &Reference, path: &str) -> String {
    reference.page(path).unwrap_or_else(|| panic!("{path} is no page")).body.into_owned()
}

fn is_asset(path: &str) -> bool {
    ["docs.js", "docs.css", "favicon.svg"].contains(&path)
}

/// The values of an attribute in a page.
fn attributes(page: &str, name: &str) -> Vec<String> {
    let marks: Vec<_> = page.split(&format!(" {name}=\"")).skip(1).collect();
    marks.into_iter().map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn a_field_page_says_who_may_call_it_and_what_it_costs() {
    let page = body(&real(), "fields/Query.orders");
    for part in [
        "<h1><code>orders</code></h1>",
        "<dt>Permission</dt><dd><code>order.read</code></dd>",
        "<dt>Cost</dt><dd>1 point and what its answer holds, with 0.1 for each object with an ID: as many as <code>first</code> or <code>last</code> says, otherwise 50 are assumed</dd>",
        "<a href=\"/docs/types/OrderFilter\">OrderFilter</a>",
        "<a href=\"/docs/types/OrderConnection\">OrderConnection</a>!",
        "<h2>Example</h2>",
        "<details class=\"call\" name=\"call\" open><summary>curl</summary>",
        "<details class=\"call\" name=\"call\"><summary>TypeScript</summary>",
        "/docs/errors#FORBIDDEN",
        "/docs/errors#UNAUTHENTICATED",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("/docs/errors#STEP_UP_REQUIRED"));
}

#[test]
fn a_mutation_page_names_its_events_step_up_and_refusals() {
    let page = body(&real(), "fields/Mutation.apiKeyCreate");
    for part in [
        "<dt>Step-up</dt>",
        "in the last 600 seconds",
        "<dt>Events</dt><dd><code>api_key.created</code></dd>",
        "<dt>Cost</dt><dd>10 points, plus 0.1 for each line of the input, and what its answer holds</dd>",
        "<a href=\"/docs/types/ErrorCode\">ErrorCode</a>",
        "/docs/errors#STEP_UP_REQUIRED",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let reference = real();
    let codes = reference.refusals("apiKeyCreate");
    assert!(codes.contains(&"NOT_FOUND") && codes.contains(&"IDEMPOTENCY_KEY_REUSED"), "{codes:?}");
    assert!(!codes.contains(&"INSUFFICIENT_STOCK") && !page.contains("/docs/errors#INSUFFICIENT_STOCK"), "{codes:?}");
    assert!(codes.iter().all(|code| page.contains(&format!("/docs/errors#{code}"))), "{page}");
    let open = body(&real(), "fields/Mutation.login");
    assert!(open.contains("open to anyone") && !open.contains("/docs/errors#FORBIDDEN"));
}

#[test]
fn every_mutation_that_refuses_says_with_which_codes() {
    let (_, mutations) = SDL.split_once("\ntype Mutation {").unwrap();
    let reference = real();
    let names: Vec<_> = include_str!("../assets/refusals.txt").lines().filter_map(|line| line.split_once(' ')).collect();
    assert!(names.len() > 200, "{}", names.len());
    for (name, codes) in names {
        assert!(mutations.contains(&format!("\n\t{name}")), "{name} is no mutation");
        assert_eq!(reference.refusals(name), codes.split(' ').collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_deprecated_field_links_to_what_replaces_it() {
    let page = body(&real(), "fields/Query.scan");
    assert!(page.contains("<strong>Deprecated.</strong>"), "{page}");
    assert!(page.contains("use <a href=\"/docs/fields/Query.scanCode\">scanCode</a>"), "{page}");
}

#[test]
fn a_type_page_says_where_the_type_is_used() {
    let page = body(&real(), "types/OrderFilter");
    assert!(
        page.contains("<h2>Used by</h2>") && page.contains("<a href=\"/docs/fields/Query.orders\">Query.orders</a>"),
        "{page}"
    );
    let page = body(&real(), "types/Order");
    assert!(page.contains("<dt>Implements</dt><dd><a href=\"/docs/types/Node\">Node</a>"), "{page}");
    let page = body(&real(), "types/Node");
    assert!(page.contains("<h2>Implemented by</h2>") && page.contains("/docs/types/Order\""), "{page}");
    let page = body(&real(), "types/CustomerFilter");
    assert!(page.contains("<p>Costs 400 points where it is given.</p>"), "{page}");
    let page = body(&real(), "types/IdFilter");
    assert!(page.contains("<p>Costs 0.01 points for each value.</p>"), "{page}");
    let page = body(&real(), "types/StockSortField");
    assert_eq!(page.matches("<p>Costs 5 points where it is given.</p>").count(), 3, "{page}");
    let page = body(&real(), "types/ProductRef");
    assert!(page.contains("Exactly one of these fields must be given."), "{page}");
    let page = body(&real(), "types/ErrorCode");
    assert!(page.contains("<h2>Values</h2>") && page.contains("INSUFFICIENT_STOCK"), "{page}");
}

#[test]
fn the_index_lists_guides_first_and_then_every_root_field() {
    let (reference, page) = (real(), body(&real(), ""));
    let first = page.find("/docs/guides/first-query").unwrap();
    assert!(first < page.find("/docs/fields/").unwrap());
    let fields: Vec<_> = reference.paths().into_iter().filter(|path| path.starts_with("fields/")).collect();
    assert!(fields.len() > 200);
    for path in fields {
        assert!(page.contains(&format!("href=\"/docs/{path}\"")), "{path}");
    }
}

#[test]
fn old_links_into_the_index_lead_to_their_places() {
    let ids = attributes(&body(&real(), ""), "id");
    for id in ["guides", "queries", "mutations", "subscriptions"] {
        assert!(ids.iter().any(|one| one == id), "{id}: {ids:?}");
    }
}

#[test]
fn every_root_field_is_on_the_page_of_its_permission_and_every_type_on_that_of_its_letter() {
    let reference = real();
    let lists: BTreeMap<_, _> = reference
        .paths()
        .into_iter()
        .filter(|path| path.starts_with("permissions/") || path.starts_with("initials/"))
        .map(|path| (path.clone(), body(&reference, &path)))
        .collect();
    for path in reference.paths() {
        let wanted = match path.split_once('/') {
            Some(("fields", _)) => "permissions/",
            Some(("types", _)) => "initials/",
            _ => continue,
        };
        let link = format!("<li><a href=\"/docs/{path}\">");
        let holders: Vec<_> = lists.iter().filter(|(_, page)| page.contains(&link)).map(|(path, _)| path).collect();
        assert!(matches!(holders[..], [one] if one.starts_with(wanted)), "{path}: {holders:?}");
    }
    let orders = &lists["permissions/order"];
    for part in [
        "<dt>Permission</dt><dd><code>order.",
        "<code>order.write</code>",
        "<h2 id=\"mutations\">Mutations</h2>",
        "<a href=\"/docs/fields/Mutation.orderCreate\">orderCreate</a> <span>",
    ] {
        assert!(orders.contains(part), "{part}\n{orders}");
    }
    assert!(lists["permissions/public"].contains("none; open to anyone"));
    assert!(lists["initials/O"].contains("<h2 id=\"inputs\">Inputs</h2>"));
    for (path, page) in &lists {
        let index = body(&reference, if path.starts_with("initials/") { "types" } else { "" });
        assert!(index.contains(&format!("href=\"/docs/{path}\"")), "{path}\n{page}");
    }
}

#[test]
fn every_link_leads_to_a_page_and_to_a_place_on_it() {
    let reference = real();
    let paths: BTreeSet<_> = reference.paths().into_iter().collect();
    let pages: BTreeMap<_, _> = paths.iter().map(|path| (path.as_str(), body(&reference, path))).collect();
    let ids: BTreeMap<_, _> = pages.iter().map(|(path, page)| (*path, attributes(page, "id"))).collect();
    let mut wrong = BTreeSet::new();
    for (path, page) in pages.iter().filter(|(path, _)| !is_asset(path)) {
        for link in attributes(page, "href").into_iter().chain(attributes(page, "src")) {
            if link.starts_with("https://") || link.starts_with("http://") {
                continue;
            }
            let (to, fragment) = link.split_once('#').map_or((link.as_str(), None), |(to, fragment)| (to, Some(fragment)));
            let target = if to.is_empty() { path } else { to.strip_prefix("/docs").unwrap().trim_start_matches('/') };
            if !pages.contains_key(target) {
                wrong.insert(format!("{path}: {link}"));
            } else if let Some(fragment) = fragment
                && !ids[target].iter().any(|id| id == fragment)
            {
                wrong.insert(format!("{path}: {link} is no place"));
            }
        }
    }
    assert_eq!(wrong.iter().take(20).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn every_page_obeys_a_policy_without_inline_scripts_and_styles() {
    let reference = real();
    for path in reference.paths() {
        let page = reference.page(&path).unwrap();
        if !page.content_type.starts_with("text/html") {
            continue;
        }
        assert!(page.body.starts_with("<!doctype html>\n<html lang=\"en\">"), "{path}");
        assert_eq!(page.body.matches("<script").count(), 1, "{path}");
        assert!(!page.body.contains("<style") && attributes(&page.body, "style").is_empty(), "{path}");
        assert!(!page.body.contains(" onclick=") && !page.body.contains("javascript:"), "{path}");
        assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
        let ids = attributes(&page.body, "id");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{path}: {ids:?}");
    }
}

#[test]
fn the_search_index_names_every_field_type_and_guide() {
    let reference = real();
    let entries: Vec<Value> = serde_json::from_str(&body(&reference, "search.json")).unwrap();
    let found: BTreeSet<_> = entries.iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect();
    let is_entry = |path: &&String| ["guides/", "fields/", "types/"].iter().any(|folder| path.starts_with(folder));
    let wanted: BTreeSet<_> = reference.paths().iter().filter(is_entry).map(|path| format!("/docs/{path}")).collect();
    assert_eq!(found, wanted);
    let orders = entries.iter().find(|entry| entry["path"] == "/docs/fields/Query.orders").unwrap();
    assert_eq!((orders["name"].as_str(), orders["kind"].as_str()), (Some("orders"), Some("query")));
    assert!(orders["text"].as_str().unwrap().len() > 5);
    let guide = entries.iter().find(|entry| entry["path"] == "/docs/guides/errors").unwrap();
    assert_eq!(guide["kind"], "guide");
}

#[test]
fn a_hostile_schema_stays_text() {
    let sdl = r#"
        """</title><script>alert(1)</script> "quoted" 'single' & ]]> <!-- `<b>` """
        type Query {
          """<img src=x onerror=alert(1)> ]]>"""
          look("""<script>""" text: String = "</code><script>\"'"): Thing @deprecated(reason: "<script>use look") @requires(permission: "<i>")
        }
        """<script>alert(2)</script>"""
        type Thing { """<script>""" id: ID! @mask(permission: "<u>") }
        """<script>"""
        enum Colour { """<script>""" RED }
        """x"""
        scalar Odd @specifiedBy(url: "javascript:alert(1)")
    "#;
    let reference = Reference::new(sdl, &[]).unwrap();
    for path in reference.paths().into_iter().filter(|path| !is_asset(path)) {
        let page = body(&reference, &path);
        if path == "search.json" {
            assert!(!page.contains('<'), "{page}");
            serde_json::from_str::<Value>(&page).unwrap();
            continue;
        }
        assert_eq!(page.matches("<script").count(), 1, "{path}: {page}");
        for tag in ["<img", "<b>", "<i>", "<u>", "<!--", "]]>", "javascript:"] {
            assert!(!page.contains(tag), "{path}: {tag}\n{page}");
        }
    }
    assert!(body(&reference, "fields/Query.look").contains("&lt;img src=x onerror=alert(1)&gt; ]]&gt;"));
}

#[test]
fn guides_link_to_guides_and_name_other_files() {
    let markdown = "# Here\n\nSee [there](there.md), [a part](there.md#a-part), [code](../src/lib.rs), [another](../other.md), \
                    [out](https://example.com/a), [evil](javascript:alert(1)) and [below](#a-part).\n\n## A part\n\n## A part\n\n\
                    | code | n |\n|---|--:|\n| `NOT_FOUND` | 1 |\n\n<script>alert(1)</script>\n\n<!-- example: x -->\n";
    let guides = [Guide { slug: "here", markdown }, Guide { slug: "there", markdown: "# There\n\n## A part\n\nText. More.\n" }];
    let page = body(&Reference::new("type Query { a: Int }", &guides).unwrap(), "guides/here");
    for part in [
        "<a href=\"/docs/guides/there\">there</a>",
        "<a href=\"/docs/guides/there#a-part\">a part</a>",
        ", code, another, <a href=\"https://example.com/a\">out</a>, evil and",
        "<h2 id=\"a-part\">",
        "<h2 id=\"a-part-2\">",
        "<code id=\"NOT_FOUND\">NOT_FOUND</code>",
        "&lt;script&gt;",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("style=") && !page.contains("example: x"));
}

#[test]
fn what_is_not_there_is_no_page() {
    let reference = real();
    for path in [
        "fields/Query.nothing",
        "fields/Mutation.orders",
        "fields/orders",
        "types/Nothing",
        "types/Query",
        "permissions/nothing",
        "permissions/",
        "initials/o",
        "initials/Or",
        "guides/nothing",
        "../Cargo.toml",
        "docs.js/x",
        "types/",
        "/",
    ] {
        assert_eq!(reference.page(path), None, "{path}");
    }
}

#[test]
fn a_schema_that_is_not_whole_is_refused() {
    let new = |sdl: &str, guides: &[Guide]| Reference::new(sdl, guides).err();
    assert!(matches!(new("type {", &[]), Some(ReferenceError::Schema(_))));
    assert_eq!(new("type A { a: Int }", &[]), Some(ReferenceError::NoQuery));
    let unknown = ReferenceError::UnknownType { name: "B".into(), place: "Query".into() };
    assert_eq!(new("type Query { a: [B!]! }", &[]), Some(unknown));
    let guide = |slug| Guide { slug, markdown: "" };
    assert_eq!(new("type Query { a: Int }", &[guide("a"), guide("a")]), Some(ReferenceError::Duplicate { slug: "a".into() }));
    assert_eq!(new("type Query { a: Int }", &[guide("A/b")]), Some(ReferenceError::Slug { slug: "A/b".into() }));
}

#[test]
fn the_page_of_errors_has_every_code_with_or_without_a_guide() {
    let codes = include_str!("../../graphql/src/code.rs")
        .lines()
        .filter_map(|line| line.trim().split_once("=> \""))
        .map(|(_, rest)| rest);
    let top: Vec<_> = codes.filter_map(|rest| rest.strip_suffix("\",")).collect();
    assert_eq!(top.len(), 17);
    let (_, source) = SDL.split_once("\nenum ErrorCode {").unwrap();
    let values = source.split_once("\n}").unwrap().0.lines().map(str::trim);
    let own: Vec<_> =
        values.filter(|line| line.len() > 3 && line.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')).collect();
    assert!(own.len() >= 19, "{own:?}");
    let without = Reference::new(SDL, &[]).unwrap();
    for page in [body(&real(), "errors"), body(&without, "errors")] {
        for code in top.iter().chain(&own) {
            assert!(page.contains(&format!(">{code}</code>")), "{code}");
        }
        // `extensions.docs` and `docs` of user errors lead here.
        for code in top.iter().chain(&own) {
            assert_eq!(page.matches(&format!("id=\"{code}\"")).count(), 1, "{code}");
        }
    }
}
