//! Several pages of one browser share a session's tokens and refresh at once; so do a thief and an
//! owner, whom the server distinguishes a little later.

use std::{task::Poll, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::world::{PASSWORD, Tokens, World, admit, codes, execute_at, lets_in, tokens};
use crate::world::on_both;

on_both!(
    two_tabs_that_refresh_at_once_both_go_on,
    of_twenty_refreshes_at_once_one_goes_on,
    of_twenty_that_missed_a_reply_one_goes_on,
    a_copy_that_comes_later_ends_the_session,
    a_tab_beside_one_that_shows_a_password_is_not_thrown_out,
    a_refresh_whose_client_leaves_can_be_asked_for_again,
);

const REFRESH: &str = "mutation($t: String!) { it: sessionRefresh(refreshToken: $t) {
    result { ... on TokenPair { accessToken refreshToken session { id } } } userErrors { code message field retryable } } }";

/// The refresh tokens of a database that are still good.
async fn open(world: &World) -> usize {
    let query = "SELECT id FROM refresh_token WHERE rotated_at IS NULL AND dead_at IS NULL";
    world.node.db.global().rows(query, Vec::new()).await.unwrap().len()
}

async fn letters(world: &World) -> usize {
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.letters(0).await.len()
}

/// Returns the tokens that all of them got: new access tokens, and one and the same refresh token.
fn shared(answers: &[Value]) -> Tokens {
    let given: Vec<Tokens> = answers.iter().map(tokens).collect();
    let first = given[0].clone();
    for one in &given {
        assert_eq!((&one.refresh, &one.session), (&first.refresh, &first.session), "one successor, whoever holds it");
    }
    first
}

async fn two_tabs_that_refresh_at_once_both_go_on(world: &World) {
    let first = world.founder("ada").await;
    let mut refresh_token = first.refresh.clone();
    for seconds in [0, 2, 9] {
        let one = tokens(&world.refresh(&refresh_token).await);
        assert!(world.lets_in(&one.access).await, "one tab is at work already");
        world.advance_clock(seconds);
        let other = tokens(&world.refresh(&refresh_token).await);
        assert_eq!((&other.refresh, &other.session), (&one.refresh, &first.session), "after {seconds} s");
        assert!(world.lets_in(&one.access).await && world.lets_in(&other.access).await);
        world.advance_clock(600);
        refresh_token = one.refresh;
    }
    assert_eq!((open(world).await, letters(world).await), (1, 0), "nobody is logged out, and nobody is alarmed");
    assert!(world.dump("refresh_token").await.lines().count() == 4, "a token for each rotation");
    for token in [&first.refresh, &refresh_token] {
        assert!(!world.dump("refresh_token").await.contains(&token[4..]), "and none of them is kept");
    }
}

async fn of_twenty_refreshes_at_once_one_goes_on(world: &World) {
    let first = world.founder("ada").await;
    let elsewhere = world.another_node().await;
    let at = |number: usize| if number.is_multiple_of(2) { &world.node } else { &elsewhere };
    let calls = (0..20).map(|number| execute_at(at(number), None, "198.51.100.7", REFRESH, json!({ "t": first.refresh })));
    let answers: Vec<Value> = join_all(calls).await.into_iter().map(|answer| answer["data"]["it"].clone()).collect();
    let next = shared(&answers);
    assert_eq!(open(world).await, 1, "one token is good, whoever holds it");
    for answer in &answers {
        assert!(lets_in(&elsewhere, &tokens(answer).access).await && world.lets_in(&tokens(answer).access).await);
    }
    assert_eq!(tokens(&world.refresh(&next.refresh).await).session, first.session, "the session goes on");
    assert_eq!(letters(world).await, 0);
    elsewhere.db.close().await.unwrap();
}

async fn of_twenty_that_missed_a_reply_one_goes_on(world: &World) {
    let first = world.founder("ada").await;
    let lost = tokens(&world.refresh(&first.refresh).await);
    world.advance_clock(30);
    let answers = join_all((0..20).map(|_| world.refresh(&first.refresh))).await;
    let next = shared(&answers);
    assert_ne!(next.refresh, lost.refresh, "what was lost is good for nothing");
    assert_eq!(open(world).await, 1);
    world.advance_clock(31);
    assert!(world.lets_in(&next.access).await);
    assert_eq!(
        codes(&world.refresh(&first.refresh).await),
        ["TOKEN_EXPIRED"],
        "nobody keeps a session open by asking again and again"
    );
    assert!(!world.lets_in(&next.access).await);
}

async fn a_copy_that_comes_later_ends_the_session(world: &World) {
    // A thief has copied a token and is as fast as a tab: both hold its successors.
    let first = world.founder("ada").await;
    let owner = tokens(&world.refresh(&first.refresh).await);
    let thief = tokens(&world.refresh(&first.refresh).await);
    assert!(world.lets_in(&owner.access).await && world.lets_in(&thief.access).await);
    world.advance_clock(500);
    let owner = tokens(&world.refresh(&owner.refresh).await);
    let mut socket = admit(&world.node, Some(&owner.access), "198.51.100.7").await.unwrap().revoked.unwrap();
    world.advance_clock(11);
    assert_eq!(codes(&world.refresh(&thief.refresh).await), ["TOKEN_EXPIRED"], "eleven seconds later it is no tab");
    assert!(*socket.borrow_and_update() && !world.lets_in(&owner.access).await);
    assert_eq!(world.letters(1).await.len(), 1, "its owner is told");

    // Its successor was used to refresh: no tab is two tokens behind.
    let first = world.founder("bob").await;
    let second = tokens(&world.refresh(&first.refresh).await);
    let third = tokens(&world.refresh(&second.refresh).await);
    assert_eq!(codes(&world.refresh(&first.refresh).await), ["TOKEN_EXPIRED"]);
    assert!(!world.lets_in(&third.access).await);
}

async fn a_tab_beside_one_that_shows_a_password_is_not_thrown_out(world: &World) {
    let first = world.founder("ada").await;
    let again = "mutation($p: String) { it: reauthenticate(password: $p) {
        result { ... on TokenPair { accessToken refreshToken session { id } } } userErrors { code } } }";
    let shown_tokens = tokens(&world.change(Some(&first.access), again, json!({ "p": PASSWORD })).await);
    assert!(world.lets_in(&shown_tokens.access).await);
    // Its successor is not derived from a token, so it cannot be returned again.
    let refused = world.refresh(&first.refresh).await;
    assert_eq!((codes(&refused), &refused["userErrors"][0]["retryable"]), (vec!["IDEMPOTENCY_IN_PROGRESS"], &json!(true)));
    assert!(world.lets_in(&shown_tokens.access).await, "nothing ended");
    assert_eq!(tokens(&world.refresh(&shown_tokens.refresh).await).session, first.session);
    assert_eq!(letters(world).await, 0);
}

/// Returns the output of a call, or None if the call was dropped because it would be polled again
/// after so many polls.
async fn after<T>(steps: u32, call: impl Future<Output = T>) -> Option<T> {
    let mut call = std::pin::pin!(call);
    let mut left = steps;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        call.as_mut().poll(context).map(Some)
    })
    .await
}

async fn a_refresh_whose_client_leaves_can_be_asked_for_again(world: &World) {
    let first = world.founder("ada").await;
    let mut refresh_token = first.refresh.clone();
    let mut left = 0;
    for round in 0..60 {
        // The client disconnects after this many polls, and its call is dropped there. The number
        // of polls of a call differs by machine and load, and is at least two.
        let steps = round % 12;
        left += u32::from(after(steps, world.refresh(&refresh_token)).await.is_none());
        let again = tokio::time::timeout(Duration::from_secs(9), world.refresh(&refresh_token)).await.expect("it is answered");
        refresh_token = tokens(&again).refresh;
        world.advance_clock(600);
    }
    assert!(left > 5, "only {left} clients left early");
    assert_eq!((open(world).await, letters(world).await), (1, 0));
}
