//! Two concurrent calls that replace the same rows: each is answered with its outcome, never with a fault.

use std::time::Duration;

use entity::prelude::SessionId;
use entrepot::{
    identity::rows,
    storage::{Backend, GlobalReads, GlobalWork},
    tenancy::erase,
};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    factors::{ENROL, Phone, challenged, enrolled, show},
    world::{PASSWORD, Tokens, World, codes, token_in, tokens},
};
use crate::world::on_both;

on_both!(
    of_two_new_sets_of_backup_codes_one_counts,
    a_factor_is_removed_while_another_one_is_confirmed,
    of_two_sessions_that_remove_the_factor_one_goes_on,
    a_session_that_ends_meanwhile_confirms_no_factor,
    of_two_links_for_a_new_password_one_sets_it,
    an_address_is_forgotten_by_one_company_and_invited_by_another,
    a_company_is_erased_while_its_founder_logs_in,
    an_erasure_waits_for_nobody_who_has_just_referred_to_an_account,
    an_erasure_waits_for_nobody_who_counts_a_wrong_password,
    a_link_that_confirms_an_address_is_used_up_behind_its_account,
    an_erasure_takes_sessions_in_the_order_of_their_ids,
    a_factor_is_confirmed_and_removed_with_sessions_in_the_order_of_their_ids,
    what_is_old_is_forgotten_without_waiting_for_anybody,
);

/// Locks one session.
pub(super) const HOLD: &str = "SELECT 1 FROM session WHERE id = $1 FOR UPDATE";

/// Returns the responses to two calls that reach rows which a transaction locks until both wait. On SQLite, where writers queue anyway, nothing is
/// locked.
async fn both_reach(world: &World, rows: &str, asks: (impl Future<Output = Value>, impl Future<Output = Value>)) -> [Value; 2] {
    let asks = async {
        let (one, other) = tokio::join!(asks.0, asks.1);
        [one, other]
    };
    let global = world.node.db.global();
    if global.backend() == Backend::Sqlite {
        return asks.await;
    }
    let work = global.begin().await.unwrap();
    work.rows(&format!("SELECT 1 FROM {rows} FOR UPDATE"), Vec::new()).await.unwrap();
    let holds = async {
        // The server aborts a transaction that is idle for too long.
        until_waiting(world, 2, async || work.rows("SELECT 1 FROM pg_sleep(0.02)", Vec::new()).await.map(drop).unwrap()).await;
        work.commit().await.unwrap();
    };
    tokio::join!(asks, holds).0
}

/// Comes back when so many sessions of the database wait for another one, or after ten seconds; on SQLite at once.
pub(super) async fn until_waiting(world: &World, sessions: i64, sleeps: impl AsyncFn()) {
    let global = world.node.db.global();
    if global.backend() == Backend::Sqlite {
        return;
    }
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0";
    for _ in 0..500 {
        let found = global.rows(waiting, Vec::new()).await.unwrap();
        if found[0].try_get_by_index::<i64>(0).unwrap() >= sessions {
            return;
        }
        sleeps().await;
    }
}

async fn of_two_new_sets_of_backup_codes_one_counts(world: &World) {
    let (ada, _, kept) = enrolled(world, "ada").await;
    let anew = "mutation { it: backupCodesRegenerate { backupCodes userErrors { code } } }";
    let asks = || world.change(Some(&ada.access), anew, json!({}));
    let sets = both_reach(world, "backup_code", (asks(), asks())).await;
    assert!(sets.iter().all(|set| codes(set).is_empty() && set["backupCodes"].as_array().unwrap().len() == 10), "{sets:#?}");
    world.advance_clock(900);
    let challenge = challenged(world, "ada").await;
    assert_eq!(codes(&show(world, &challenge, "BACKUP_CODE", &kept[1]).await), ["MFA_INVALID"], "the codes from before");
    let mut good = 0;
    for set in &sets {
        let challenge = challenged(world, "ada").await;
        let answer = show(world, &challenge, "BACKUP_CODE", set["backupCodes"][1].as_str().unwrap()).await;
        good += usize::from(answer["result"]["accessToken"].is_string());
    }
    assert_eq!(good, 1, "{sets:#?}");
}

async fn a_factor_is_removed_while_another_one_is_confirmed(world: &World) {
    let (ada, ..) = enrolled(world, "ada").await;
    let payload = world.change(Some(&ada.access), ENROL, json!({})).await;
    let phone = Phone::of(payload["otpauthUri"].as_str().unwrap());
    let confirm = "mutation($c: String!) { it: totpConfirm(code: $c) { userErrors { code } } }";
    let remove = "mutation { it: totpRemove { userErrors { code } } }";
    let confirms = world.change(Some(&ada.access), confirm, json!({ "c": phone.shows(world, 0) }));
    // Ten codes are hashed before the factor is confirmed: the removal would wait for too long.
    let removes = async {
        until_waiting(world, 1, async || tokio::time::sleep(Duration::from_millis(20)).await).await;
        world.change(Some(&ada.access), remove, json!({})).await
    };
    let [confirmed, removed] = both_reach(world, "backup_code", (confirms, removes)).await;
    assert_eq!(codes(&removed), Vec::<&str>::new());
    assert!(["", "MFA_INVALID", "INVALID_STATE"].contains(&codes(&confirmed).join(" ").as_str()), "{confirmed:#}");
    let left = (world.dump("totp").await, world.dump("backup_code").await);
    assert_eq!(left, (String::new(), String::new()), "no code is left without its factor");
}

async fn of_two_sessions_that_remove_the_factor_one_goes_on(world: &World) {
    let (ada, phone, _) = enrolled(world, "ada").await;
    let challenge = challenged(world, "ada").await;
    let further = tokens(&show(world, &challenge, "TOTP", &phone.shows(world, 30)).await);
    assert!(world.lets_in(&further.access).await, "both are let in before one of them ends");
    let remove = "mutation { it: totpRemove { userErrors { code } } }";
    let asks = (world.execute(Some(&ada.access), remove, json!({})), world.execute(Some(&further.access), remove, json!({})));
    let answers = both_reach(world, "app_user WHERE email_key = 'ada@example.com'", asks).await;
    let mut found = answers.each_ref().map(|one| one["errors"][0]["code"].as_str().or_else(|| codes(&one["data"]["it"]).pop()));
    found.sort();
    // On SQLite, which does not block both, the second one's session may have ended before it is checked.
    assert!(matches!(found, [None, Some("INVALID_STATE" | "UNAUTHENTICATED")]), "the second one finds none: {found:?}");
    let go_on = [world.lets_in(&ada.access).await, world.lets_in(&further.access).await];
    assert_eq!(go_on.iter().filter(|goes_on| **goes_on).count(), 1, "whoever removed it is still there");
}

async fn a_session_that_ends_meanwhile_confirms_no_factor(world: &World) {
    let ada = world.founder("ada").await;
    let payload = world.change(Some(&ada.access), ENROL, json!({})).await;
    let code = Phone::of(payload["otpauthUri"].as_str().unwrap()).shows(world, 0);
    let confirm = format!("mutation {{ it: totpConfirm(code: \"{code}\") {{ userErrors {{ code }} }} }}");
    let work = world.node.db.global().begin().await.unwrap();
    let ended = "UPDATE session SET ended_at = used_at, end_reason = 'PASSWORD'";
    for sql in ["UPDATE app_user SET password_hash = password_hash", ended] {
        assert_eq!(work.change(sql, Vec::new()).await.unwrap(), 1);
    }
    let ends = async {
        until_waiting(world, 1, async || work.rows("SELECT 1 FROM pg_sleep(0.02)", Vec::new()).await.map(drop).unwrap()).await;
        work.commit().await.unwrap();
    };
    let (refused, ()) = tokio::join!(world.execute(Some(&ada.access), &confirm, json!({})), ends);
    assert_eq!(refused["errors"][0]["code"], "STEP_UP_REQUIRED", "{refused:#}");
    assert!(!world.login("ada").await.access.is_empty(), "nobody is asked for the factor of a session that was over");
}

async fn of_two_links_for_a_new_password_one_sets_it(world: &World) {
    world.founder("ada").await;
    let request = "mutation { it: passwordResetRequest(email: \"ada@example.com\") { userErrors { code } } }";
    for _ in 0..2 {
        assert_eq!(codes(&world.change(None, request, json!({})).await), Vec::<&str>::new());
    }
    let links: Vec<String> = world.letters(2).await.iter().map(|letter| token_in(letter)).collect();
    let passwords = ["seven teapots in a row", "eleven plates on a wall"];
    let reset = "mutation($t: String!, $p: String!) { it: passwordReset(token: $t, newPassword: $p) { userErrors { code } } }";
    let sets = |index: usize| world.change(None, reset, json!({ "t": links[index], "p": passwords[index] }));
    let answers = both_reach(world, "link", (sets(0), sets(1))).await;
    let mut refused: Vec<String> = answers.iter().map(|answer| codes(answer).join(" ")).collect();
    let first = refused.iter().position(String::is_empty).unwrap_or_else(|| panic!("{refused:?}"));
    tokens(&world.try_login("ada", passwords[first]).await["data"]["it"]);
    refused.sort();
    assert_eq!(refused, ["", "TOKEN_EXPIRED"]);
}

async fn an_address_is_forgotten_by_one_company_and_invited_by_another(world: &World) {
    let (ada, bob) = (world.founder("ada").await, world.founder("bob").await);
    let viewer = entrepot::access::BUILT_IN.iter().find(|role| role.key == "viewer").unwrap().id.to_string();
    let invite = "mutation($r: [ID!]!) { it: memberInvite(email: \"eve@example.com\", roleIds: $r, scope: { all: true }) {
        member { id } userErrors { code } } }";
    let first = world.change(Some(&ada.access), invite, json!({ "r": [viewer] })).await;
    let revoke = "mutation($id: ID!) { it: invitationRevoke(id: $id) { userErrors { code } } }";
    let revokes = world.change(Some(&ada.access), revoke, json!({ "id": first["member"]["id"] }));
    let invites = world.change(Some(&bob.access), invite, json!({ "r": [viewer] }));
    let [revoked, invited] = both_reach(world, "app_user WHERE email_key = 'eve@example.com'", (revokes, invites)).await;
    assert_eq!((codes(&revoked), codes(&invited)), (Vec::new(), Vec::new()));
    let links: Vec<String> = world
        .letters(2)
        .await
        .iter()
        .filter(|letter| letter.contains("To: eve@example.com"))
        .map(|letter| token_in(letter))
        .collect();
    let accept = "mutation($t: String!, $p: String!) { it: invitationAccept(token: $t, password: $p, displayName: \"Eve\") {
        result { ... on TokenPair { tenant { slug } } } userErrors { code } } }";
    let mut joined = Vec::new();
    for link in links {
        let answer = world.change(None, accept, json!({ "t": link, "p": PASSWORD })).await;
        joined.extend(answer["result"]["tenant"]["slug"].as_str().map(ToOwned::to_owned));
    }
    assert_eq!(joined, ["bob-shop"], "the one invitation that stands");
}

/// A login locks the user's row, then the member's; a used session is locked first; removing a member, like ending logins that wait for a factor,
/// locks the tenant's policy, then sessions: an erasure waits for each, and none of them for it.
async fn a_company_is_erased_while_its_founder_logs_in(world: &World) {
    const SEEN: &str = "UPDATE member SET last_seen_at = updated_at WHERE tenant_id = $1";
    let (db, now) = (&world.node.db, world.node.clock.now());
    for (name, held_row, further) in [
        (
            "ada",
            "UPDATE app_user SET password_hash = password_hash WHERE id IN (SELECT user_id FROM member WHERE tenant_id = $1)",
            SEEN,
        ),
        ("bob", "UPDATE session SET used_at = used_at WHERE tenant_id = $1", SEEN),
        (
            "cid",
            "UPDATE policy SET version = version + 1 WHERE tenant_id = $1",
            "UPDATE session SET used_at = used_at WHERE tenant_id = $1",
        ),
        (
            "dee",
            "UPDATE totp SET wrong = wrong WHERE user_id IN (SELECT user_id FROM member WHERE tenant_id = $1)",
            "UPDATE session SET used_at = used_at WHERE tenant_id = $1",
        ),
        (
            "eve",
            "UPDATE login_challenge SET tries = tries WHERE tenant_id = $1",
            "UPDATE session SET used_at = used_at WHERE tenant_id = $1",
        ),
    ] {
        if ["dee", "eve"].contains(&name) {
            enrolled(world, name).await;
            challenged(world, name).await;
        } else {
            world.founder(name).await;
        }
        let tenant = rows::tenant_by_slug(&db.global(), &format!("{name}-shop")).await.unwrap().unwrap().id;
        let due = erase::request_erasure(db, tenant, "the test", now).await.unwrap();
        let work = GlobalWork::from(db.global().maintenance_for(tenant).await.unwrap());
        assert_eq!(work.change(held_row, vec![tenant.into()]).await.unwrap(), 1, "{name}");
        let goes_on = async {
            until_waiting(world, 1, async || work.rows("SELECT 1 FROM pg_sleep(0.02)", Vec::new()).await.map(drop).unwrap())
                .await;
            assert_eq!(work.change(further, vec![tenant.into()]).await.unwrap(), 1);
            work.commit().await.unwrap();
        };
        let (erased, ()) = tokio::join!(erase::run(db, tenant, due), goes_on);
        assert_eq!(erased.unwrap().map(|erased| erased.users), Some(1), "{name}");
    }
}

/// The request for a link refers to an account that is being erased, and may wait for rows that the erasure has locked.
async fn an_erasure_waits_for_nobody_who_has_just_referred_to_an_account(world: &World) {
    const LINK: &str = "INSERT INTO link (hash, purpose, user_id, created_at, expires_at)
        SELECT $2, 'RESET', user_id, 0, 1 FROM member WHERE tenant_id = $1";
    let (db, now) = (&world.node.db, world.node.clock.now());
    if db.backend() == Backend::Sqlite {
        return;
    }
    for (name, has_ended, users) in [("ada", false, 0), ("bob", true, 1)] {
        world.founder(name).await;
        let tenant = rows::tenant_by_slug(&db.global(), &format!("{name}-shop")).await.unwrap().unwrap().id;
        let due = erase::request_erasure(db, tenant, "the test", now).await.unwrap();
        let work = GlobalWork::from(db.global().maintenance_for(tenant).await.unwrap());
        assert_eq!(work.change(LINK, vec![tenant.into(), name.repeat(11).as_bytes()[..32].to_vec().into()]).await.unwrap(), 1);
        let open = if has_ended {
            work.commit().await.unwrap();
            None
        } else {
            Some(work)
        };
        let erased = timeout(Duration::from_secs(4), erase::run(db, tenant, due)).await.expect("it waits for nobody").unwrap();
        assert_eq!(erased.map(|erased| erased.users), Some(users), "{name}");
        drop(open);
    }
}

/// A further wrong password changes a row that has long referred to the account, so it locks nothing of the account.
async fn an_erasure_waits_for_nobody_who_counts_a_wrong_password(world: &World) {
    const FIRST: &str =
        "INSERT INTO login_failure (user_id, count, last_at) SELECT user_id, 1, 0 FROM member WHERE tenant_id = $1";
    const FURTHER: &str =
        "UPDATE login_failure SET count = count + 1 WHERE user_id IN (SELECT user_id FROM member WHERE tenant_id = $1)";
    let (db, now) = (&world.node.db, world.node.clock.now());
    if db.backend() == Backend::Sqlite {
        return;
    }
    world.founder("ada").await;
    let tenant = rows::tenant_by_slug(&db.global(), "ada-shop").await.unwrap().unwrap().id;
    let due = erase::request_erasure(db, tenant, "the test", now).await.unwrap();
    let work = GlobalWork::from(db.global().maintenance_for(tenant).await.unwrap());
    assert_eq!(work.change(FIRST, vec![tenant.into()]).await.unwrap(), 1);
    work.commit().await.unwrap();
    let open = GlobalWork::from(db.global().maintenance_for(tenant).await.unwrap());
    assert_eq!(open.change(FURTHER, vec![tenant.into()]).await.unwrap(), 1);
    let erased = timeout(Duration::from_secs(4), erase::run(db, tenant, due)).await.expect("it waits for nobody").unwrap();
    assert_eq!(erased.map(|erased| erased.users), Some(0), "the account stays, without a tenant");
    drop(open);
}

/// A login and an erasure have the account first, and take its links after that.
async fn a_link_that_confirms_an_address_is_used_up_behind_its_account(world: &World) {
    let global = world.node.db.global();
    if global.backend() == Backend::Sqlite {
        return;
    }
    let ada = world.founder("ada").await;
    let request = "mutation { it: emailVerificationRequest { userErrors { code } } }";
    assert_eq!(codes(&world.change(Some(&ada.access), request, json!({})).await), Vec::<&str>::new());
    let token = token_in(&world.letters(1).await[0]);
    let work = global.begin().await.unwrap();
    assert_eq!(work.change("UPDATE app_user SET password_hash = password_hash", Vec::new()).await.unwrap(), 1);
    let takes = async {
        until_waiting(world, 1, async || work.rows("SELECT 1 FROM pg_sleep(0.02)", Vec::new()).await.map(drop).unwrap()).await;
        let links = work.rows("SELECT 1 FROM link FOR UPDATE SKIP LOCKED", Vec::new()).await.unwrap().len();
        work.commit().await.unwrap();
        links
    };
    let verify = "mutation($t: String!) { it: emailVerify(token: $t) { userErrors { code } } }";
    let (verified, links) = tokio::join!(world.change(None, verify, json!({ "t": token })), takes);
    assert_eq!((codes(&verified), links), (Vec::new(), 1), "the link is free while the account is waited for");
}

/// A call that ends several sessions locks them in the order of their IDs. So does an erasure, in whatever order its rows are stored.
async fn an_erasure_takes_sessions_in_the_order_of_their_ids(world: &World) {
    let (db, now) = (&world.node.db, world.node.clock.now());
    if db.backend() == Backend::Sqlite {
        return;
    }
    let (first, second) = (world.founder("ada").await, world.login("ada").await);
    let mut ids: [SessionId; 2] = [first, second].map(|tokens| tokens.session.parse().unwrap());
    ids.sort_unstable();
    let tenant = rows::tenant_by_slug(&db.global(), "ada-shop").await.unwrap().unwrap().id;
    let due = erase::request_erasure(db, tenant, "the test", now).await.unwrap();
    // Its row is stored behind the other one from now on, and in the indexes.
    let work = db.global().begin().await.unwrap();
    assert_eq!(work.change("UPDATE session SET ends_at = ends_at + 1 WHERE id = $1", vec![ids[0].into()]).await.unwrap(), 1);
    work.commit().await.unwrap();
    let work = db.global().begin().await.unwrap();
    assert_eq!(work.rows(HOLD, vec![ids[0].into()]).await.unwrap().len(), 1);
    let goes_on = async {
        until_waiting(world, 1, async || work.rows("SELECT 1 FROM pg_sleep(0.02)", Vec::new()).await.map(drop).unwrap()).await;
        assert_eq!(work.rows(HOLD, vec![ids[1].into()]).await.unwrap().len(), 1, "it is free while the first one is waited for");
        work.commit().await.unwrap();
    };
    let (erased, ()) = tokio::join!(erase::run(db, tenant, due), goes_on);
    assert_eq!(erased.unwrap().map(|erased| erased.users), Some(1));
}

/// Confirming or removing a factor changes all sessions of the account: it locks them in the order of the IDs, too.
async fn a_factor_is_confirmed_and_removed_with_sessions_in_the_order_of_their_ids(world: &World) {
    if world.node.db.backend() == Backend::Sqlite {
        return;
    }
    let both = in_order([world.founder("ada").await, world.login("ada").await]);
    let payload = world.change(Some(&both[1].access), ENROL, json!({})).await;
    let phone = Phone::of(payload["otpauthUri"].as_str().unwrap());
    let confirm = format!("mutation {{ it: totpConfirm(code: \"{}\") {{ userErrors {{ code }} }} }}", phone.shows(world, 0));
    changed_behind_the_first(world, &both, &confirm).await;
    let [_, own] = both;
    let challenge = challenged(world, "ada").await;
    let further = tokens(&show(world, &challenge, "TOTP", &phone.shows(world, 30)).await);
    let both = in_order([own, further]);
    changed_behind_the_first(world, &both, "mutation { it: totpRemove { userErrors { code } } }").await;
}

/// Two sessions in the order of their IDs.
fn in_order(mut both: [Tokens; 2]) -> [Tokens; 2] {
    both.sort_by_key(|tokens| tokens.session.parse::<SessionId>().unwrap());
    both
}

/// Makes a change by the second of two sessions while the first one is held: the second one is free as long as the first one is waited for.
async fn changed_behind_the_first(world: &World, [first, own]: &[Tokens; 2], call: &str) {
    let [first_id, own_id] = [first, own].map(|tokens| tokens.session.parse::<SessionId>().unwrap());
    let work = world.node.db.global().begin().await.unwrap();
    assert_eq!(work.rows(HOLD, vec![first_id.into()]).await.unwrap().len(), 1);
    let goes_on = async {
        until_waiting(world, 1, async || work.rows("SELECT 1 FROM pg_sleep(0.02)", Vec::new()).await.map(drop).unwrap()).await;
        assert_eq!(work.rows(HOLD, vec![own_id.into()]).await.unwrap().len(), 1, "{call}");
        work.commit().await.unwrap();
    };
    let (changed, ()) = tokio::join!(world.change(Some(&own.access), call, json!({})), goes_on);
    assert_eq!(codes(&changed), Vec::<&str>::new(), "{call}");
}

/// The cleanup deletes rows of many people, and skips locked ones, such as those of an erasure, to avoid a deadlock.
async fn what_is_old_is_forgotten_without_waiting_for_anybody(world: &World) {
    let global = world.node.db.global();
    let ada: SessionId = world.founder("ada").await.session.parse().unwrap();
    world.founder("bob").await;
    world.advance_clock(120 * 24 * 3600);
    let held_work = if global.backend() == Backend::Sqlite {
        None
    } else {
        let work = global.begin().await.unwrap();
        assert_eq!(work.rows(HOLD, vec![ada.into()]).await.unwrap().len(), 1);
        Some(work)
    };
    let forgets = async || timeout(Duration::from_secs(4), world.node.identity.forget_old()).await.expect("it waits for nobody");
    forgets().await.unwrap();
    assert_eq!(world.dump("session").await.lines().count(), usize::from(held_work.is_some()), "that of Bob is forgotten");
    if let Some(work) = held_work {
        work.rollback().await.unwrap();
        forgets().await.unwrap();
    }
    assert_eq!(world.dump("session").await, "", "the next time finds what was left");
}
