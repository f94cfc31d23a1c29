//! Signing keys: rotated while everything runs.

use entrepot::identity::{OldKeyPolicy, rotate_signing_key};
use serde_json::Value;

use super::world::{World, lets_in, tokens};
use crate::world::on_both;

on_both!(
    keys_are_rotated_while_tokens_go_on,
    a_key_in_other_hands_is_removed_at_once,
    the_next_key_is_made_in_time_by_one_of_the_nodes,
    cursors_outlive_the_keys,
);

fn published(set: &str) -> Vec<String> {
    let set: Value = serde_json::from_str(set).unwrap();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn keys_are_rotated_while_tokens_go_on(world: &World) {
    let elsewhere = world.another_node().await;
    let (db, clock) = (&world.node.db, &world.node.clock);
    let before = world.founder("ada").await;
    let old = published(&world.node.identity.tokens().key_set());
    let next = rotate_signing_key(db, &world.node.ring, clock, 3600, OldKeyPolicy::Retire).await.unwrap().to_string();
    for node in [&world.node, &elsewhere] {
        node.identity.maintain_signing_keys().await.unwrap();
        assert_eq!(published(&node.identity.tokens().key_set()), [old[0].clone(), next.clone()], "published before it signs");
    }
    world.advance_clock(3590);
    let last_of_old = tokens(&world.refresh(&before.refresh).await);
    world.advance_clock(20);
    let first_of_new = world.login("ada").await;
    for node in [&world.node, &elsewhere] {
        assert!(lets_in(node, &last_of_old.access).await && lets_in(node, &first_of_new.access).await);
    }
    assert_ne!(header(&last_of_old.access), header(&first_of_new.access), "the new key signs");
    world.advance_clock(25 * 3600 + 1);
    world.node.identity.maintain_signing_keys().await.unwrap();
    elsewhere.identity.maintain_signing_keys().await.unwrap();
    for node in [&world.node, &elsewhere] {
        assert_eq!(published(&node.identity.tokens().key_set()), std::slice::from_ref(&next), "the old one is gone");
    }
    elsewhere.db.close().await.unwrap();
}

fn header(token: &str) -> &str {
    token.split('.').next().unwrap()
}

async fn a_key_in_other_hands_is_removed_at_once(world: &World) {
    let one = world.founder("ada").await;
    assert!(world.lets_in(&one.access).await);
    rotate_signing_key(&world.node.db, &world.node.ring, &world.node.clock, 0, OldKeyPolicy::Remove).await.unwrap();
    world.node.identity.maintain_signing_keys().await.unwrap();
    assert!(!world.lets_in(&one.access).await, "what the old key signed is good for nothing");
    let again = tokens(&world.refresh(&one.refresh).await);
    assert!(world.lets_in(&again.access).await, "and the session goes on with the new one");
}

async fn the_next_key_is_made_in_time_by_one_of_the_nodes(world: &World) {
    let elsewhere = world.another_node().await;
    world.node.identity.maintain_signing_keys().await.unwrap();
    assert_eq!(published(&world.node.identity.tokens().key_set()).len(), 1, "not before time");
    world.advance_clock(90 * 24 * 3600);
    let (here, there) = tokio::join!(world.node.identity.maintain_signing_keys(), elsewhere.identity.maintain_signing_keys());
    here.and(there).unwrap();
    for node in [&world.node, &elsewhere] {
        node.identity.maintain_signing_keys().await.unwrap();
        assert_eq!(published(&node.identity.tokens().key_set()).len(), 2);
    }
    elsewhere.db.close().await.unwrap();
}

async fn cursors_outlive_the_keys(world: &World) {
    let secret = world.node.identity.cursor_secret().await.unwrap();
    rotate_signing_key(&world.node.db, &world.node.ring, &world.node.clock, 0, OldKeyPolicy::Remove).await.unwrap();
    world.node.identity.maintain_signing_keys().await.unwrap();
    assert_eq!(world.node.identity.cursor_secret().await.unwrap(), secret);
    let elsewhere = world.another_node().await;
    assert_eq!(elsewhere.identity.cursor_secret().await.unwrap(), secret);
    assert_ne!(secret, [0; 32]);
    elsewhere.db.close().await.unwrap();
}
