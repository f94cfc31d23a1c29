//! A receipt of returned goods reports every invalid line, and every order line of it.

use serde_json::{Value, json};

use super::world::{World, back};
use crate::world::answers::{at_each_field, refusals};

#[tokio::test]
async fn goods_that_come_back_are_told_every_product_that_is_archived() {
    World::on_both(async |world| {
        let sold = world.ordered("FULFILLED", &[(world.mug, 3), (world.lamp, 2), (world.tea, 100)]).await;
        let lines =
            || json!([back(&sold["lines"][0]["id"], 1), back(&sold["lines"][1]["id"], 1), back(&sold["lines"][2]["id"], 50)]);
        let ret = world.approved(lines()).await;
        for product in [world.mug, world.tea] {
            let archive = "UPDATE product SET status = 'ARCHIVED' WHERE tenant_id = $1 AND id = $2";
            world.run_tenant_sql(archive, vec![product.into()]).await;
        }
        let comes = world.mutate("returnReceive", world.step(&ret, json!({}))).await;
        assert_eq!(refusals(&comes), at_each_field("INVALID_STATE", &["lines", "lines"]));
        for (place, sku) in [(0, "MUG"), (1, "TEA")] {
            assert!(comes["userErrors"][place]["message"].as_str().unwrap().contains(sku), "{comes:#}");
        }
        let came = |nth: usize, quantity: i64| json!({"lineId": ret["lines"][nth]["id"], "quantity": quantity});
        let input = json!({"lines": [came(0, 1), came(1, 1), came(2, 50)]});
        let comes = world.mutate("returnReceive", world.step(&ret, input)).await;
        assert_eq!(refusals(&comes), at_each_field("INVALID_STATE", &["lines.0.quantity", "lines.2.quantity"]));
        let payload = world.mutate("returnCreate", world.asking(lines())).await;
        assert_eq!(refusals(&payload), at_each_field("INVALID_STATE", &["lines.0.product", "lines.2.product"]));
    })
    .await;
}

#[tokio::test]
async fn a_line_is_told_every_order_line_that_takes_less_back() {
    World::on_both(async |world| {
        let mut sold = Vec::new();
        for quantity in [2, 4, 1] {
            sold.push(world.sold(quantity).await);
        }
        let piece = |nth: usize, quantity: i64| json!({"orderLineId": sold[nth], "quantity": quantity});
        let request_return = async |pieces: Value, quantity: i64| {
            let lines = json!([{"product": {"sku": "MUG"}, "quantity": quantity, "matches": pieces}]);
            refusals(&world.mutate("returnCreate", world.asking(lines)).await)
        };
        let most = json!([piece(0, 3), piece(1, 4), piece(2, 2)]);
        assert_eq!(request_return(most, 9).await, at_each_field("OUT_OF_RANGE", &["lines.0.matches.0", "lines.0.matches.2"]));
        assert_eq!(request_return(json!([piece(0, 2), piece(1, 4), piece(2, 1)]), 7).await, []);
    })
    .await;
}
