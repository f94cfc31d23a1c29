//! All parts of the schema have a description, and show their permissions and events.

use async_graphql::{EmptySubscription, MergedObject, Schema};
use entrepot::api::{
    orders::{OrdersMutation, OrdersQuery},
    returns::{ReturnsMutation, ReturnsQuery},
};
use serde_json::Value;

/// Queries of orders and returns.
#[derive(MergedObject, Default)]
struct Query(OrdersQuery, ReturnsQuery);
/// Mutations of orders and returns.
#[derive(MergedObject, Default)]
struct Mutation(OrdersMutation, ReturnsMutation);

fn undescribed(at: &str, document: &Value, found: &mut Vec<String>) {
    let name = document["name"].as_str().unwrap_or_default();
    if name.starts_with("__") {
        return;
    }
    let at = format!("{at}.{name}");
    if document["description"].as_str().is_none_or(str::is_empty) {
        found.push(at.clone());
    }
    for list in ["fields", "inputFields", "enumValues", "args"] {
        document[list].as_array().into_iter().flatten().for_each(|part| undescribed(&at, part, found));
    }
}

#[tokio::test]
async fn everything_is_described() {
    let schema = Schema::build(Query::default(), Mutation::default(), EmptySubscription).finish();
    let document = "{ __schema { types { name description fields { name description args { name description } } \
        inputFields { name description } enumValues { name description } } } }";
    let answer = schema.execute(document).await.data.into_json().unwrap();
    let mut found = Vec::new();
    for kind in answer["__schema"]["types"].as_array().unwrap() {
        if !matches!(kind["name"].as_str(), Some("Boolean" | "String" | "Int" | "Float" | "ID")) {
            undescribed("", kind, &mut found);
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_sdl_keeps_the_shapes_of_the_core() {
    let sdl = Schema::build(Query::default(), Mutation::default(), EmptySubscription).finish().sdl();
    let plain: String = sdl.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    for line in [
        "input OrderRef @oneOf {",
        "holds: [OrderHold!]!",
        "customer: Customer",
        "lines: [OrderLine!]!",
        "fulfilments: [Fulfilment!]!",
        "returns: [Return!]!",
        "allowedActions: [String!]!",
        "unitCost: Money @mask(permission: \"product.cost.read\")",
        "allocations: [Allocation!]!",
        "streamCursor: Cursor!",
        "return: Return",
        "userErrors: [UserError!]!",
        "seq: Long",
        "kind: OrderLineKind! = PRODUCT",
        "status: NewOrderStatus! = CONFIRMED",
        "onShortage: ShortagePolicy! = REFUSE",
        "disposition: Disposition! = RESTOCK",
        "receive: Boolean! = true",
        "direction: Direction! = DESC",
        "ref: String!",
        "in: [ID!]",
        "version: Long!",
        "shippedAt: DateTime",
    ] {
        assert!(plain.contains(line), "{line} is missing in\n{sdl}");
    }
    // The permission is on the type, whatever interfaces and descriptions it has.
    for kind in ["type Order ", "type Return "] {
        let line = plain.lines().find(|line| line.starts_with(kind)).unwrap();
        assert!(line.contains(" @requires(permission: \"order.read\") "), "{line}");
    }
    for field in [
        "order(",
        "orders(",
        "ordersCount(",
        "returns(",
        "orderCreate(",
        "orderConfirm(",
        "orderFulfil(",
        "orderCancel(",
        "orderClose(",
        "returnCreate(",
    ] {
        assert!(plain.contains(&format!("\n{field}")), "{field}");
    }
    assert!(
        sdl.contains("@requires(permission: \"order.fulfil\") @emits(events: [\"order.fulfilled\", \"stock.changed\", \"fulfilment_work.changed\", \"fulfilment.shipped\"])"),
        "{sdl}"
    );
}
