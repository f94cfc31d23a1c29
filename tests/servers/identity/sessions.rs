//! Sessions: kept up by rotating tokens, listed, named, ended.

use serde_json::{Value, json};

use super::world::{World, admit, codes, lets_in, tokens};
use crate::world::on_both;

on_both!(
    a_session_is_kept_up_by_tokens_that_are_good_once,
    a_lost_reply_is_given_again,
    a_token_that_comes_back_after_use_ends_the_session,
    a_session_ends_when_it_is_idle_and_in_any_case_after_a_fortnight,
    an_end_holds_at_once_here_and_within_seconds_elsewhere,
    people_see_name_and_end_their_own_sessions,
    a_member_who_may_not_come_in_any_more_cannot_go_on,
    the_database_keeps_no_token,
    use_of_a_session_is_noted,
);

async fn a_session_is_kept_up_by_tokens_that_are_good_once(world: &World) {
    let first = world.founder("ada").await;
    assert!(world.lets_in(&first.access).await);
    world.advance_clock(500);
    let second = tokens(&world.refresh(&first.refresh).await);
    assert_eq!(second.session, first.session, "the session goes on");
    assert_ne!(second.refresh, first.refresh);
    assert!(world.lets_in(&first.access).await && world.lets_in(&second.access).await);
    world.advance_clock(200);
    assert!(!world.lets_in(&first.access).await, "an access token lives ten minutes and the clocks' difference");
    let third = tokens(&world.refresh(&second.refresh).await);
    assert!(world.lets_in(&third.access).await);
    for junk in ["", "epr_", "epr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", third.access.as_str()] {
        assert_eq!(codes(&world.refresh(junk).await), ["TOKEN_EXPIRED"], "{junk}");
    }
    let message = |payload: &Value| payload["userErrors"][0]["message"].as_str().unwrap().to_owned();
    assert!(!message(&world.refresh("").await).contains("has ended"), "of no token nobody knows its session");
    assert!(message(&world.refresh("epr_").await).contains("has ended"));
    assert!(!world.lets_in(&third.refresh).await, "a refresh token is no access token");
}

async fn a_lost_reply_is_given_again(world: &World) {
    let first = world.founder("ada").await;
    let lost = tokens(&world.refresh(&first.refresh).await);
    world.advance_clock(59);
    let again = tokens(&world.refresh(&first.refresh).await);
    assert_eq!(again.session, first.session);
    assert!(world.lets_in(&again.access).await);
    // A token from a lost reply that is used later after all is in the wrong hands.
    assert_eq!(codes(&world.refresh(&lost.refresh).await), ["TOKEN_EXPIRED"]);
    assert!(!world.lets_in(&again.access).await, "the withdrawn token ended the family");

    let late = world.founder("bob").await;
    world.refresh(&late.refresh).await;
    world.advance_clock(61);
    assert_eq!(codes(&world.refresh(&late.refresh).await), ["TOKEN_EXPIRED"], "a minute later it is no lost reply any more");
}

async fn a_token_that_comes_back_after_use_ends_the_session(world: &World) {
    // Used by another refresh …
    let first = world.founder("ada").await;
    let second = tokens(&world.refresh(&first.refresh).await);
    let third = tokens(&world.refresh(&second.refresh).await);
    let mut socket = admit(&world.node, Some(&third.access), "198.51.100.7").await.unwrap().revoked.unwrap();
    assert!(!*socket.borrow_and_update());
    assert_eq!(codes(&world.refresh(&first.refresh).await), ["TOKEN_EXPIRED"]);
    assert!(*socket.borrow_and_update(), "open sockets are told");
    assert!(!world.lets_in(&third.access).await);
    assert_eq!(codes(&world.refresh(&third.refresh).await), ["TOKEN_EXPIRED"]);

    // … or by a call with the access token that came with it.
    let first = world.founder("bob").await;
    let second = tokens(&world.refresh(&first.refresh).await);
    assert!(world.lets_in(&second.access).await);
    world.advance_clock(11);
    assert_eq!(codes(&world.refresh(&first.refresh).await), ["TOKEN_EXPIRED"]);
    assert!(!world.lets_in(&second.access).await);
}

async fn a_session_ends_when_it_is_idle_and_in_any_case_after_a_fortnight(world: &World) {
    let idle = world.founder("ada").await;
    world.advance_clock(12 * 3600);
    assert_eq!(codes(&world.refresh(&idle.refresh).await), ["TOKEN_EXPIRED"]);
    let mut busy = world.login("ada").await;
    let day = 24 * 3600;
    for _ in 0..(14 * 24 / 11) {
        world.advance_clock(11 * 3600);
        busy = tokens(&world.refresh(&busy.refresh).await);
    }
    let left = 14 * day - (14 * 24 / 11) * 11 * 3600;
    world.advance_clock(left - 300);
    let last = world.refresh(&busy.refresh).await;
    let ends = |name: &str| last["result"][name].as_str().unwrap()[..16].to_owned();
    assert_eq!(ends("accessExpiresAt"), ends("refreshExpiresAt"), "both end with the session: {last:#}");
    world.advance_clock(300);
    let last = tokens(&last);
    assert_eq!(codes(&world.refresh(&last.refresh).await), ["TOKEN_EXPIRED"]);
    assert!(!world.lets_in(&last.access).await, "no access token outlives its session");
}

async fn an_end_holds_at_once_here_and_within_seconds_elsewhere(world: &World) {
    let one = world.founder("ada").await;
    let other = world.login("ada").await;
    let elsewhere = world.another_node().await;
    assert!(lets_in(&elsewhere, &other.access).await);
    let mut here = admit(&world.node, Some(&other.access), "198.51.100.7").await.unwrap().revoked.unwrap();
    let mut there = admit(&elsewhere, Some(&other.access), "198.51.100.7").await.unwrap().revoked.unwrap();
    let query = "mutation($id: ID!) { it: sessionRevoke(id: $id) { userErrors { code } } }";
    assert_eq!(world.change(Some(&one.access), query, json!({ "id": other.session })).await, json!({ "userErrors": [] }));
    assert!(!world.lets_in(&other.access).await, "at once");
    assert!(*here.borrow_and_update(), "its sockets here close");
    assert_eq!(codes(&world.refresh(&other.refresh).await), ["TOKEN_EXPIRED"]);
    elsewhere.identity.refresh_watched_sessions().await.unwrap();
    assert!(*there.borrow_and_update(), "its sockets elsewhere close at the next look");
    assert!(!lets_in(&elsewhere, &other.access).await);
    // A node without open sockets caches a session for three seconds.
    let third = world.another_node().await;
    let again = world.login("ada").await;
    assert!(lets_in(&third, &again.access).await);
    world.change(Some(&one.access), query, json!({ "id": again.session })).await;
    world.advance_clock(4);
    assert!(!lets_in(&third, &again.access).await);
    assert!(world.lets_in(&one.access).await, "the other session goes on");
    for node in [elsewhere, third] {
        node.db.close().await.unwrap();
    }
}

async fn people_see_name_and_end_their_own_sessions(world: &World) {
    let one = world.founder("ada").await;
    world.advance_clock(5);
    let two = world.login("ada").await;
    let stranger = world.founder("bob").await;
    let list = "{ viewer { sessions { id name current isCurrent userAgent ip } } }";
    let answer = world.execute(Some(&two.access), list, json!({})).await;
    let expected = |id: &str, is_current: bool| json!({ "id": id, "name": null, "current": is_current, "isCurrent": is_current, "userAgent": "A browser/1.0", "ip": "198.51.100.7" });
    assert_eq!(answer["data"]["viewer"]["sessions"], json!([expected(&two.session, true), expected(&one.session, false)]));

    let rename =
        "mutation($id: ID!, $n: String) { it: sessionRename(id: $id, name: $n) { session { name } userErrors { code field } } }";
    let payload = world.change(Some(&two.access), rename, json!({ "id": one.session, "n": " The till " })).await;
    assert_eq!(payload, json!({ "session": { "name": "The till" }, "userErrors": [] }));
    let too_long = world.change(Some(&two.access), rename, json!({ "id": one.session, "n": "x".repeat(256) })).await;
    assert_eq!(too_long["userErrors"], json!([{ "code": "TOO_LONG", "field": ["name"] }]));

    let revoke = "mutation($id: ID!) { it: sessionRevoke(id: $id) { userErrors { code field } } }";
    let refused = json!({ "userErrors": [{ "code": "NOT_FOUND", "field": ["id"] }] });
    for id in [stranger.session.as_str(), "ses_00000000000000000000000001"] {
        assert_eq!(world.change(Some(&two.access), revoke, json!({ "id": id })).await, refused);
        assert_eq!(codes(&world.change(Some(&two.access), rename, json!({ "id": id, "n": "x" })).await), ["NOT_FOUND"]);
    }
    let wrong = world.change(Some(&two.access), revoke, json!({ "id": "prd_00000000000000000000000001" })).await;
    assert_eq!(codes(&wrong), ["INVALID"]);
    assert!(world.lets_in(&stranger.access).await);

    let others = "mutation { it: sessionRevokeOthers { userErrors { code } } }";
    assert_eq!(world.change(Some(&two.access), others, json!({})).await, json!({ "userErrors": [] }));
    assert!(!world.lets_in(&one.access).await && world.lets_in(&two.access).await);
    let logout = "mutation { it: logout { userErrors { code } } }";
    assert_eq!(world.change(Some(&two.access), logout, json!({})).await, json!({ "userErrors": [] }));
    assert_eq!(world.execute(Some(&two.access), logout, json!({})).await["refused"], "UNAUTHENTICATED");
    assert_eq!(codes(&world.refresh(&two.refresh).await), ["TOKEN_EXPIRED"]);
}

async fn a_member_who_may_not_come_in_any_more_cannot_go_on(world: &World) {
    let one = world.founder("ada").await;
    world.as_owner(&["UPDATE member SET status = 'SUSPENDED'"]).await;
    assert_eq!(codes(&world.refresh(&one.refresh).await), ["TOKEN_EXPIRED"]);
    world.advance_clock(6);
    assert!(!world.lets_in(&one.access).await);
    assert_eq!(codes(&world.try_login("ada", super::world::PASSWORD).await["data"]["it"]), ["INVALID_CREDENTIALS"]);
}

async fn the_database_keeps_no_token(world: &World) {
    let one = world.founder("ada").await;
    let two = tokens(&world.refresh(&one.refresh).await);
    for table in ["session", "refresh_token", "app_user", "member"] {
        let dump = world.dump(table).await;
        assert!(!dump.is_empty());
        for token in [&one.refresh, &two.refresh, &one.access, &two.access] {
            let body = token.rsplit(['_', '.']).next().unwrap();
            assert!(!dump.contains(body), "{table} holds {token}");
        }
    }
}

async fn use_of_a_session_is_noted(world: &World) {
    let one = world.founder("ada").await;
    let query = "{ viewer { actor { ... on Member { lastSeenAt } } sessions { lastUsedAt createdAt } } }";
    world.advance_clock(300);
    assert!(world.lets_in(&one.access).await);
    world.node.identity.note_use().await.unwrap();
    let answer = world.execute(Some(&one.access), query, json!({})).await;
    let (seen, session) = (&answer["data"]["viewer"]["actor"]["lastSeenAt"], &answer["data"]["viewer"]["sessions"][0]);
    let minutes = |time: &Value| time.as_str().unwrap()[14..16].parse::<i64>().unwrap();
    assert_eq!((minutes(&session["lastUsedAt"]) - minutes(&session["createdAt"])).rem_euclid(60), 5, "{answer:#}");
    assert_eq!(seen, &session["lastUsedAt"]);
}
