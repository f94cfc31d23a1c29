//! Directives of a field in the schema match its checks: `#[resolvers]` writes the directive and
//! the check from one argument, so neither is ever written alone.

use std::fs;

use syn::{
    Attribute, ExprMethodCall, ImplItem, ImplItemFn, Item, Meta,
    visit::{self, Visit},
};

use super::{is_graph, no_faults, sources};

/// Directives are applied by `#[resolvers]`. `shared` and `requires` of a type whose fields are a struct's are written at the derive.
const APPLIED: &[(&str, &str, &str)] = &[
    ("graphql/directives.rs", "list_size", "`paged` is a `list_size`"),
    ("api/schema/sizes.rs", "list_size", "sizes of the lists that have no argument for it"),
    ("api/schema/weights.rs", "cost", "weights of fields of filters, told in one table"),
    ("trade/catalog/customer_filter.rs", "cost", "of a field of an input"),
    ("objects/catalog/family.rs", "cost", "of sorts without an index"),
    ("trade/orders/backorder_filter.rs", "cost", "of a sort without an index"),
    ("trade/transfers/query.rs", "cost", "of a sort without an index"),
    ("objects/liquidation/line_filter.rs", "cost", "of sorts without an index"),
    ("objects/replenishment/line_filter.rs", "cost", "of sorts without an index"),
    ("objects/sorts.rs", "cost", "of sorts without an index"),
    ("objects/stock/inputs.rs", "cost", "of sorts without an index, under their earlier name"),
    ("objects/stock/lot_filter.rs", "cost", "of a sort without an index"),
    ("objects/alerts/alert.rs", "shared", "of a derived object"),
    ("objects/catalog/product.rs", "shared", "of derived objects"),
    ("objects/identity/types.rs", "requires", "of a derived object"),
];

/// Resolvers that declare a permission and check it in their bodies.
const IN_BODY: &[(&str, &str, &str)] = &[
    ("objects/access/integration.rs", "channel", "an integration sees itself"),
    ("objects/access/integration.rs", "permissions", "an integration sees itself"),
    ("objects/access/integration.rs", "scope", "an integration sees itself"),
    ("objects/access/integration.rs", "ignored_permissions", "an integration sees itself"),
    ("objects/access/integration.rs", "is_trusted_documents_only", "an integration sees itself"),
    ("objects/access/integration.rs", "disabled_at", "an integration sees itself"),
    ("objects/access/integration.rs", "created_at", "an integration sees itself"),
    ("objects/counts/line.rs", "lot", "null needs no permission where there is no lot"),
    ("objects/counts/line.rs", "expected_quantity", "asked of a blind count alone"),
    ("objects/counts/line.rs", "difference", "asked of a blind count alone"),
    ("trade/purchasing/query.rs", "reorder_suggestions", "the numbers of the plan are checked first"),
    ("api/scan/result.rs", "lot", "null needs no permission where the code names no lot"),
    ("api/scan/result.rs", "store", "null needs no permission where the code names no store"),
    ("objects/stock/lot.rs", "customer", "null needs no permission where there is no document"),
    ("objects/tenancy.rs", "p99_line_units", "null for whoever has the right for some stores alone"),
    ("objects/stock/movement.rs", "lot", "null needs no permission where no lot moved"),
];

/// Resolvers that take another permit: for one of their arguments, for the data that they return,
/// or because their type declares the permission.
const BY_HAND: &[(&str, &str, &str)] = &[
    ("analysis/anomalies/query.rs", "stock_anomalies", "who sorts by value must see costs"),
    ("analysis/replenishment/purchase_budget.rs", "current", "the type says stock.policy"),
    ("objects/counts/count.rs", "summary", "the type says count.read"),
    ("objects/exchange/types.rs", "result", "the type says exchange.run"),
    ("objects/liquidation/plan.rs", "result", "the type says purchase.read"),
    ("objects/replenishment/plan.rs", "budget", "the type says purchase.read"),
    ("objects/replenishment/plan.rs", "costs", "the type says purchase.read"),
    ("objects/returns/sales_return.rs", "matches", "the type says order.read"),
    ("objects/reversals/reversal.rs", "movements", "the type says stock.movement.read"),
    ("trade/stock/explain.rs", "has_more_reservations", "the type says stock.read"),
    ("trade/stock/explain.rs", "reservations", "the type says stock.read"),
    ("trade/stock/explain.rs", "reserved_other", "the type says stock.read"),
    ("objects/stock/level.rs", "on_hand_at", "the type says stock.read"),
    ("objects/stock/lot.rs", "on_hand", "the type says stock.read"),
    ("objects/stock/movement.rs", "entries", "the type says stock.movement.read"),
    ("objects/webhooks/types.rs", "public_keys", "the type says webhook.read"),
];

/// The arguments of a method's attribute.
fn arguments(attributes: &[Attribute]) -> Option<String> {
    let own = attributes.iter().find(|one| one.path().is_ident("mutation") || one.path().is_ident("field"))?;
    match &own.meta {
        Meta::List(list) => Some(list.tokens.to_string()),
        _ => None,
    }
}

#[derive(Default)]
struct Permits(usize);

impl<'a> Visit<'a> for Permits {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        self.0 += usize::from(call.method == "permit");
        visit::visit_expr_method_call(self, call);
    }
}

/// The methods of the blocks of a file that have `#[resolvers]`.
fn resolvers(text: &str) -> Vec<ImplItemFn> {
    let items = syn::parse_file(text).unwrap().items.into_iter();
    let blocks = items.filter_map(|item| match item {
        Item::Impl(block) if block.attrs.iter().any(|one| one.path().is_ident("resolvers")) => Some(block),
        _ => None,
    });
    let methods = blocks.flat_map(|block| block.items).filter_map(|item| match item {
        ImplItem::Fn(method) => Some(method),
        _ => None,
    });
    methods.collect()
}

/// Returns the entries that are listed and were not found, and those that were found and are not
/// listed.
fn differ(found: &[(String, String)], listed: &[(&str, &str, &str)], what: &str) -> Vec<String> {
    let is_listed = |file: &str, name: &str| listed.iter().any(|line| (line.0, line.1) == (file, name));
    let new = found.iter().filter(|(file, name)| !is_listed(file, name)).map(|(file, name)| format!("{file}: {name} {what}"));
    let gone = listed.iter().filter(|line| !found.iter().any(|(file, name)| (line.0, line.1) == (file.as_str(), name.as_str())));
    new.chain(gone.map(|line| format!("{}: {} no longer {what}: take it off the list", line.0, line.1))).collect()
}

#[test]
fn directives_are_applied_by_the_attribute() {
    let mut found = Vec::new();
    // The crate `macros` is left out, because it contains the code that the attribute writes.
    for (file, path) in sources().iter().filter(|(file, _)| is_graph(file) && !file.starts_with("macros/")) {
        let text = fs::read_to_string(path).unwrap();
        let ends = text.match_indices("::apply(").map(|(at, _)| &text[..at]);
        let names = ends.map(|before| before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default());
        found.extend(names.map(|name| (file.clone(), name.to_owned())));
    }
    no_faults(&differ(&found, APPLIED, "is applied by hand"));
}

#[test]
fn a_resolver_asks_for_what_it_says() {
    let (mut in_body, mut by_hand, mut seen) = (Vec::new(), Vec::new(), 0);
    for (file, path) in sources().iter().filter(|(file, _)| is_graph(file)) {
        for method in resolvers(&fs::read_to_string(path).unwrap()) {
            let name = (file.clone(), method.sig.ident.to_string());
            let arguments = arguments(&method.attrs).unwrap_or_default();
            seen += usize::from(!arguments.is_empty());
            if arguments.contains("in_body") {
                in_body.push(name);
                continue;
            }
            let mut permits = Permits::default();
            permits.visit_block(&method.block);
            by_hand.extend((permits.0 > 0).then_some(name));
        }
    }
    assert!(seen > 250, "the resolvers were not found");
    let mut faults = differ(&in_body, IN_BODY, "asks in its body");
    faults.extend(differ(&by_hand, BY_HAND, "takes a permit by hand"));
    no_faults(&faults);
}
