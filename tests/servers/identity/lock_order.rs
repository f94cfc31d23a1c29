//! Sessions of several people, or several of one person, that end together: they are locked in the
//! order of their IDs, also if one session was switched to from another with a higher ID. Links
//! that end wait for their accounts; invitations, and logins that wait for a factor, end in the
//! order of their keys. A link or an invitation that is created meanwhile ends with its account or
//! session, or is not created.

use std::sync::Mutex;

use entity::prelude::{SessionId, UserId};
use entrepot::{
    identity::{OldPasswordPolicy, end_all, remove_factors, rows},
    storage::{Backend, GlobalReads},
};
use serde_json::{Value, json};

use super::{
    concurrent::{HOLD, until_waiting},
    factors::{challenged, enrolled, show},
    passwords::meanwhile,
    world::{Tokens, World, codes, tokens},
};
use crate::world::on_both;

on_both!(
    a_copied_token_ends_sessions_in_the_order_of_their_ids,
    second_factors_of_several_people_are_removed_one_after_the_other,
    a_second_factor_that_is_not_lost_is_not_removed,
    after_a_restore_all_sessions_end_however_many_there_are,
    after_a_restore_a_session_that_is_switched_to_meanwhile_ends_too,
    after_a_restore_an_invitation_that_is_sent_meanwhile_opens_nothing,
    after_a_restore_links_and_invitations_end_in_the_order_of_others,
    after_a_restore_a_link_that_is_asked_for_meanwhile_opens_nothing,
    logins_that_wait_for_a_factor_end_in_the_order_of_their_keys,
    a_login_that_waits_for_a_factor_goes_on_behind_its_account,
    a_session_that_ends_meanwhile_sends_no_link_and_invites_nobody,
);

/// Two sessions of Ada's, in the order of their IDs: the first one was switched to from the second one, by a node whose clock was behind.
async fn switched_backwards(world: &World) -> [Tokens; 2] {
    let mut both = [world.founder("ada").await, world.login("ada").await];
    both.sort_by_key(id_of);
    let work = world.node.db.global().begin().await.unwrap();
    let sql = "UPDATE session SET begun_from = $1 WHERE id = $2";
    assert_eq!(work.change(sql, vec![id_of(&both[1]).into(), id_of(&both[0]).into()]).await.unwrap(), 1);
    work.commit().await.unwrap();
    both
}

fn id_of(tokens: &Tokens) -> SessionId {
    tokens.session.parse().unwrap()
}

/// Does something while the session of one is held: that of the other is free as long as the first one is waited for.
async fn while_held<T>(world: &World, [held, free]: [SessionId; 2], does: impl Future<Output = T>) -> T {
    let global = world.node.db.global();
    if global.backend() == Backend::Sqlite {
        return does.await;
    }
    let work = global.begin().await.unwrap();
    assert_eq!(work.rows(HOLD, vec![held.into()]).await.unwrap().len(), 1);
    let goes_on = async {
        until_waiting(world, 1, async || work.rows("SELECT 1 FROM pg_sleep(0.02)", Vec::new()).await.map(drop).unwrap()).await;
        assert_eq!(work.rows(HOLD, vec![free.into()]).await.unwrap().len(), 1, "it is free");
        work.commit().await.unwrap();
    };
    tokio::join!(does, goes_on).0
}

/// Returns how many sessions have not ended.
async fn open(world: &World) -> usize {
    world.node.db.global().rows("SELECT 1 FROM session WHERE ended_at IS NULL", Vec::new()).await.unwrap().len()
}

async fn a_copied_token_ends_sessions_in_the_order_of_their_ids(world: &World) {
    let [first, login] = switched_backwards(world).await;
    let next = tokens(&world.refresh(&login.refresh).await);
    tokens(&world.refresh(&next.refresh).await);
    let refused = while_held(world, [id_of(&first), id_of(&login)], world.refresh(&login.refresh)).await;
    assert_eq!((codes(&refused), open(world).await), (vec!["TOKEN_EXPIRED"], 0));
}

async fn second_factors_of_several_people_are_removed_one_after_the_other(world: &World) {
    let global = world.node.db.global();
    let (mut users, mut sessions) = (Vec::<UserId>::new(), Vec::new());
    for word in ["ada", "bob"] {
        sessions.push(id_of(&enrolled(world, word).await.0));
        users.push(rows::user_by_email(&global, &format!("{word}@example.com")).await.unwrap().unwrap().id);
    }
    let removes = async { remove_factors(&world.node.db, &world.node.clock, &users, |_| true).await.unwrap() };
    while_held(world, [sessions[1], sessions[0]], removes).await;
    let left = (world.dump("totp").await, world.dump("backup_code").await, open(world).await);
    assert_eq!(left, (String::new(), String::new(), 0));
}

async fn a_second_factor_that_is_not_lost_is_not_removed(world: &World) {
    enrolled(world, "ada").await;
    let ada = rows::user_by_email(&world.node.db.global(), "ada@example.com").await.unwrap().unwrap().id;
    // The factor was lost when the command searched for lost ones, and she has enrolled another one
    // since.
    remove_factors(&world.node.db, &world.node.clock, &[ada], |_| false).await.unwrap();
    assert_eq!((world.dump("totp").await.lines().count(), open(world).await), (1, 1));
    remove_factors(&world.node.db, &world.node.clock, &[ada], |_| true).await.unwrap();
    assert_eq!((world.dump("totp").await.lines().count(), open(world).await), (0, 0));
}

async fn after_a_restore_all_sessions_end_however_many_there_are(world: &World) {
    world.founder("ada").await;
    let global = world.node.db.global();
    let id = if global.backend() == Backend::Sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
    let text = format!(
        "INSERT INTO session (id, user_id, tenant_id, member_id, created_at, used_at, auth_at, ends_at)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2100)
         SELECT {id}, s.user_id, s.tenant_id, s.member_id, s.created_at, s.used_at, s.auth_at, s.ends_at FROM session s CROSS JOIN n"
    );
    let work = global.begin().await.unwrap();
    assert_eq!(work.change(&text, Vec::new()).await.unwrap(), 2100);
    work.commit().await.unwrap();
    let shared = Mutex::new(Vec::new());
    let ends = async || {
        let tells = |ended: usize| shared.lock().unwrap().push(ended);
        end_all(&world.node.db, &world.node.clock, OldPasswordPolicy::Keep, tells).await.unwrap().sessions
    };
    assert_eq!((ends().await, open(world).await), (2101, 0));
    assert_eq!(*shared.lock().unwrap(), [1000, 2000, 2101], "a batch after the other");
    assert_eq!(ends().await, 0, "nothing is left to the next time");
}

/// An ID as SQL.
fn written(world: &World, id: SessionId) -> String {
    match world.node.db.global().backend() {
        Backend::Sqlite => format!("X'{}'", id.uuid().simple()),
        Backend::Postgres => format!("'{}'", id.uuid()),
    }
}

/// Ends all sessions while what these statements write is not committed yet.
async fn ended_meanwhile(world: &World, statements: &[&str]) {
    let ends = async {
        end_all(&world.node.db, &world.node.clock, OldPasswordPolicy::Keep, |_| {}).await.unwrap();
        Value::Null
    };
    meanwhile(world, statements, ends).await;
}

async fn after_a_restore_a_session_that_is_switched_to_meanwhile_ends_too(world: &World) {
    let [first, login] = switched_backwards(world).await.map(|tokens| written(world, id_of(&tokens)));
    let work = world.node.db.global().begin().await.unwrap();
    let not_yet = format!("UPDATE session SET ended_at = 1, end_reason = 'LOGOUT' WHERE id = {first}");
    assert_eq!(work.change(&not_yet, Vec::new()).await.unwrap(), 1);
    work.commit().await.unwrap();
    // As a switch does that is not committed yet: it holds the session of the login, and the other one begins.
    let held_text = format!("UPDATE session SET used_at = used_at WHERE id = {login}");
    let text = format!("UPDATE session SET ended_at = NULL, end_reason = NULL WHERE id = {first}");
    ended_meanwhile(world, &[&held_text, &text]).await;
    assert_eq!(open(world).await, 0, "it comes before the session of the login, which was waited for");
}

async fn after_a_restore_an_invitation_that_is_sent_meanwhile_opens_nothing(world: &World) {
    let login = id_of(&world.founder("ada").await);
    let global = world.node.db.global();
    let hash = if global.backend() == Backend::Sqlite { "randomblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    let text = format!("UPDATE session SET used_at = used_at WHERE id = {}", written(world, login));
    // The invitation is valid for years to come.
    let invited = format!(
        "INSERT INTO invitation (hash, tenant_id, member_id, email, invited_by, sent_at, expires_at)
         SELECT {hash}, tenant_id, id, 'bob@example.com', id, created_at, 9000000000000000 FROM member"
    );
    ended_meanwhile(world, &[&text, &invited]).await;
    let valid = "SELECT 1 FROM invitation WHERE expires_at > $1";
    assert_eq!(global.rows(valid, vec![world.node.clock.now().into()]).await.unwrap().len(), 0);
}

/// Ends all sessions while the row `held` is locked: the row `free` stays unlocked and unchanged
/// while the first is waited for. Returns the numbers of ended links and sessions.
async fn ended_while_held(world: &World, [held, free]: [&str; 2]) -> [usize; 2] {
    let work = world.node.db.global().begin().await.unwrap();
    assert_eq!(work.rows(held, Vec::new()).await.unwrap().len(), 1, "{held}");
    let ends = async { end_all(&world.node.db, &world.node.clock, OldPasswordPolicy::Keep, |_| {}).await.unwrap() };
    let goes_on = async {
        until_waiting(world, 1, async || work.rows("SELECT 1 FROM pg_sleep(0.02)", Vec::new()).await.map(drop).unwrap()).await;
        assert_eq!(work.rows(free, Vec::new()).await.unwrap().len(), 1, "{free}");
        work.commit().await.unwrap();
    };
    let (ended, ()) = tokio::join!(ends, goes_on);
    [ended.links, ended.sessions]
}

async fn after_a_restore_links_and_invitations_end_in_the_order_of_others(world: &World) {
    let global = world.node.db.global();
    if global.backend() == Backend::Sqlite {
        return;
    }
    world.founder("ada").await;
    let work = global.begin().await.unwrap();
    let link = "INSERT INTO link (hash, purpose, user_id, created_at, expires_at)
        SELECT decode(repeat('ff', 32), 'hex'), 'RESET', id, created_at, 9000000000000000 FROM app_user";
    assert_eq!(work.change(link, Vec::new()).await.unwrap(), 1);
    work.commit().await.unwrap();
    let account = "SELECT 1 FROM app_user FOR NO KEY UPDATE";
    let open = "SELECT 1 FROM link WHERE hash = decode(repeat('ff', 32), 'hex') AND used_at IS NULL FOR UPDATE SKIP LOCKED";
    assert!(ended_while_held(world, [account, open]).await[0] > 0);
    // The row of the second key is stored before that of the first one.
    world.founder("bob").await;
    let work = global.begin().await.unwrap();
    for (nth, byte) in ["ff", "00"].into_iter().enumerate() {
        let invited = format!(
            "INSERT INTO invitation (hash, tenant_id, member_id, email, invited_by, sent_at, expires_at)
             SELECT decode(repeat('{byte}', 32), 'hex'), tenant_id, id, 'eve@example.com', id, created_at, 9000000000000000
             FROM member ORDER BY id LIMIT 1 OFFSET {nth}"
        );
        assert_eq!(work.change(&invited, Vec::new()).await.unwrap(), 1);
    }
    work.commit().await.unwrap();
    let of = |byte: &str| format!("SELECT 1 FROM invitation WHERE hash = decode(repeat('{byte}', 32), 'hex') FOR UPDATE");
    assert!(ended_while_held(world, [&of("00"), &format!("{} SKIP LOCKED", of("ff"))]).await[0] > 0);
}

/// A request for a link locks the account until the link is written: it does not exist yet when all
/// mailed links are revoked.
async fn after_a_restore_a_link_that_is_asked_for_meanwhile_opens_nothing(world: &World) {
    world.founder("ada").await;
    let global = world.node.db.global();
    let hash = if global.backend() == Backend::Sqlite { "randomblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    let asked_for = format!(
        "INSERT INTO link (hash, purpose, user_id, created_at, expires_at)
         SELECT {hash}, 'RESET', id, created_at, 9000000000000000 FROM app_user"
    );
    ended_meanwhile(world, &["UPDATE app_user SET password_hash = password_hash", &asked_for]).await;
    assert_eq!(world.dump("link").await.lines().count(), 1);
    assert_eq!(global.rows("SELECT 1 FROM link WHERE used_at IS NULL", Vec::new()).await.unwrap().len(), 0);
}

async fn logins_that_wait_for_a_factor_end_in_the_order_of_their_keys(world: &World) {
    let global = world.node.db.global();
    if global.backend() == Backend::Sqlite {
        return;
    }
    enrolled(world, "ada").await;
    let key = |byte: &str| format!("decode(repeat('{byte}', 32), 'hex')");
    // The row of the second key is stored before that of the first one.
    for byte in ["ff", "00"] {
        challenged(world, "ada").await;
        let work = global.begin().await.unwrap();
        let text = format!("UPDATE login_challenge SET hash = {} WHERE hash <> {}", key(byte), key("ff"));
        assert_eq!(work.change(&text, Vec::new()).await.unwrap(), 1);
        work.commit().await.unwrap();
    }
    let of = |byte: &str| format!("SELECT 1 FROM login_challenge WHERE hash = {} FOR UPDATE", key(byte));
    let ended = ended_while_held(world, [&of("00"), &format!("{} SKIP LOCKED", of("ff"))]).await;
    let open = global.rows("SELECT 1 FROM login_challenge WHERE done_at IS NULL", Vec::new()).await.unwrap().len();
    assert_eq!((ended, open), ([0, 1], 0));
}

/// A change of the password locks the account, ends logins that wait for a factor and deletes known
/// devices: none is added after that.
async fn a_login_that_waits_for_a_factor_goes_on_behind_its_account(world: &World) {
    if world.node.db.global().backend() == Backend::Sqlite {
        return;
    }
    let (_, phone, _) = enrolled(world, "ada").await;
    let challenge = challenged(world, "ada").await;
    let work = world.node.db.global().begin().await.unwrap();
    assert_eq!(work.change("UPDATE app_user SET password_hash = password_hash", Vec::new()).await.unwrap(), 1);
    let ends = async {
        until_waiting(world, 1, async || work.rows("SELECT 1 FROM pg_sleep(0.02)", Vec::new()).await.map(drop).unwrap()).await;
        let ended = work.change("UPDATE login_challenge SET done_at = 1 WHERE done_at IS NULL", Vec::new()).await.unwrap();
        work.commit().await.unwrap();
        ended
    };
    let code = phone.shows(world, 30);
    let (shown, ended) = tokio::join!(show(world, &challenge, "TOTP", &code), ends);
    assert_eq!((codes(&shown), ended, open(world).await), (vec!["MFA_INVALID"], 1, 1), "{shown:#}");
}

async fn a_session_that_ends_meanwhile_sends_no_link_and_invites_nobody(world: &World) {
    let verification = "mutation { it: emailVerificationRequest { userErrors { code } } }";
    let invitation =
        "mutation { it: memberInvite(email: \"eve@example.com\", roleIds: [], scope: { all: true }) { userErrors { code } } }";
    for (name, call) in [("ada", verification), ("bob", invitation)] {
        let tokens = world.founder(name).await;
        // The token is accepted from the cache, without a query.
        assert!(world.lets_in(&tokens.access).await);
        let work = world.node.db.global().begin().await.unwrap();
        let ended = "UPDATE session SET ended_at = used_at, end_reason = 'REVOKED' WHERE ended_at IS NULL";
        for sql in ["UPDATE app_user SET password_hash = password_hash WHERE password_hash <> ''", ended] {
            assert!(work.change(sql, Vec::new()).await.unwrap() > 0);
        }
        let ends = async {
            until_waiting(world, 1, async || work.rows("SELECT 1 FROM pg_sleep(0.02)", Vec::new()).await.map(drop).unwrap())
                .await;
            work.commit().await.unwrap();
        };
        let (refused, ()) = tokio::join!(world.change(Some(&tokens.access), call, json!({})), ends);
        assert_eq!(codes(&refused), ["INVALID_STATE"], "{call}");
    }
    assert_eq!((world.dump("link").await, world.dump("invitation").await), (String::new(), String::new()));
}
