//! Client address of a request, behind proxies that an operator names by address or by network.

use super::{
    server::FrontServer,
    wire::{JSON, post},
};

const WHERE: &[u8] = br#"{"query":"{ caller }"}"#;

/// The address that a request from this machine is taken to come from.
async fn client(world: &FrontServer, forwarded: &[&str]) -> String {
    let lines: Vec<String> = forwarded.iter().map(|line| format!("x-forwarded-for: {line}")).collect();
    let mut headers = vec![JSON, "authorization: Bearer where"];
    headers.extend(lines.iter().map(String::as_str));
    let caller = post(world.address, &headers, WHERE).await.json()["data"]["caller"].take();
    caller.as_str().unwrap().trim_start_matches("Some(").trim_end_matches(')').to_owned()
}

async fn behind(proxies: &[&str]) -> FrontServer {
    FrontServer::set(|settings| settings.proxies = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect()).await
}

#[tokio::test]
async fn the_client_is_the_last_address_that_is_no_proxys() {
    let world = behind(&["127.0.0.0/8", "10.0.0.0/8", "fd00::/8"]).await;
    for (forwarded, expected) in [
        (vec!["192.0.2.7"], "192.0.2.7"),
        (vec!["192.0.2.7, 10.1.2.3"], "192.0.2.7"),
        (vec!["192.0.2.7", "10.1.2.3, fd00::5", "::ffff:10.0.0.1"], "192.0.2.7"),
        // Addresses that clients write themselves come before the address that the first proxy saw.
        (vec!["198.51.100.1, 10.4.4.4, 192.0.2.7, 10.1.2.3"], "192.0.2.7"),
        (vec!["11.0.0.1"], "11.0.0.1"),
        (vec!["10.4.4.4, 10.1.2.3"], "10.4.4.4"),
        (vec!["192.0.2.7, unknown"], "127.0.0.1"),
        (vec![], "127.0.0.1"),
    ] {
        assert_eq!(client(&world, &forwarded).await, expected, "{forwarded:?}");
    }
}

#[tokio::test]
async fn a_peer_outside_the_networks_names_nobody() {
    let world = behind(&["10.0.0.0/8", "127.0.0.2", "fd00::/8"]).await;
    assert_eq!(client(&world, &["192.0.2.7, 10.1.2.3"]).await, "127.0.0.1");
}
