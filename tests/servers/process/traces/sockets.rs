//! Operations over sockets, in the traces of their clients.

use super::{
    ADJUST, Collector, PARENT, Server, Shop, Site, TRACE, UNLIMITED, adjust, attribute, change, free_address, json, named,
    told_to_stop,
};
use crate::{process::client::Socket, world::on_both};

on_both!(a_write_over_a_socket_is_in_the_trace_of_its_client, site: Site => {
    let collector = Collector::start().await;
    let url = collector.url();
    let traced = ["--otlp-endpoint", &url, "--trace-sample", "1"];
    let server = Server::start_with(site, free_address(), &[&UNLIMITED[..], &traced].concat()).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    let mut socket = Socket::open(&shop.client).await;
    // The other two have no valid position in a trace. That is not an error: each begins a new
    // trace.
    for (id, traceparent) in [("1", json!(format!("00-{TRACE}-{PARENT}-01"))), ("2", json!("nonsense")), ("3", json!(7))] {
        let input = adjust(&format!("a key of socket {id}"), "ADJUSTMENT", "CORRECTION", &[change(&shop.products[0], &shop.stores[0], 1)]);
        let payload = json!({ "query": ADJUST, "variables": { "input": input }, "extensions": { "traceparent": traceparent } });
        socket.send_message(json!({ "id": id, "type": "subscribe", "payload": payload })).await;
        let next = socket.receive_message().await.unwrap();
        assert_eq!((&next["type"], &next["payload"]["data"]["result"]["userErrors"]), (&json!("next"), &json!([])), "{next:#}");
        assert_eq!(socket.receive_message().await.unwrap()["type"], "complete");
    }
    let spans = collector.spans_with(&["graphql.operation", "ledger.wait", "ledger.batch"]).await;
    let (operation, wait) = (named(&spans, "graphql.operation"), named(&spans, "ledger.wait"));
    assert_eq!(hex::encode(&operation.parent_span_id), PARENT, "the client's span is its parent");
    assert_eq!(wait.parent_span_id, operation.span_id);
    assert_eq!(attribute(operation, "graphql.operation.name").as_deref(), Some("Adjust"));
    drop(socket);
    told_to_stop(server).await;
    let all = collector.all();
    let writes = all.iter().filter(|span| attribute(span, "graphql.operation.name").as_deref() == Some("Adjust"));
    assert_eq!(writes.filter(|span| span.parent_span_id.is_empty()).count(), 2, "{all:#?}");
});
