//! Recipients of alert e-mails, when each e-mail is sent, and that it is sent once.

use std::{fs, path::PathBuf};

use entity::prelude::*;
use entrepot::{
    clock::{parse_rfc3339, rfc3339},
    identity::Mailer,
    jobs::{
        Failure,
        core::{Job, State},
    },
    storage::{Reads, Row},
};
use serde_json::{Value, json};

use super::shop::{Shop, World, text};
use crate::world::on_both;

on_both!(
    each_who_is_told_gets_one_letter_of_an_alert,
    letters_wait_for_the_end_of_quiet_hours_and_for_their_digest,
    members_are_told_what_they_may_see,
    a_letter_that_cannot_leave_is_tried_again_or_given_up,
);

/// Queued jobs of alert e-mails, the oldest first.
async fn jobs(shop: &Shop<'_>) -> Vec<Job> {
    let sql = "SELECT id, payload FROM job WHERE tenant_id = $1 AND kind = 'alert.letter' ORDER BY id";
    let rows = shop.world.node.db.tenant(shop.caller.tenant).rows(sql, vec![]).await.unwrap();
    let now = shop.now();
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Job {
                tenant: shop.caller.tenant,
                id: row.take().unwrap(),
                kind: "alert.letter".to_owned(),
                period: None,
                payload: row.take().unwrap(),
                state: State::Running,
                due_at: now,
                owner: None,
                token: 1,
                beat: 0,
                failures: 0,
                deaths: 0,
                started_at: Some(now),
                finished_at: None,
                error: None,
                fault: None,
                created_at: now,
            }
        })
        .collect()
}

/// A folder in place of a mail server.
struct Letterbox(PathBuf, Mailer);

impl Letterbox {
    fn new(shop: &Shop<'_>) -> Self {
        let folder = shop.world.home.folder.join(format!("letters-{}", shop.world.node.clock.uuid()));
        let post = format!("file:{}", folder.display()).parse().unwrap();
        Self(folder, post)
    }
    async fn sends(&self, shop: &Shop<'_>, job: &Job) -> Result<(), Failure> {
        shop.world.node.alerts.send((&self.1, "Alpha <stock@alpha.example>"), job).await
    }
    /// Returns the received e-mails in readable form.
    fn letters(&self) -> Vec<String> {
        let Ok(found) = fs::read_dir(&self.0) else { return Vec::new() };
        let read = |path: PathBuf| fs::read_to_string(path).unwrap().replace("=\r\n", "").replace("=3D", "=");
        found.map(|entry| read(entry.unwrap().path())).collect()
    }
}

async fn runs_out(shop: &Shop<'_>, sku: &str) {
    let product = shop.product(sku, json!({})).await;
    shop.move_stock(&[(&product, 5)]).await;
    shop.move_stock(&[(&product, -5)]).await;
    shop.evaluate_alerts().await;
}

async fn each_who_is_told_gets_one_letter_of_an_alert(world: &World) {
    let shop = Shop::open(world).await;
    shop.rule(json!({ "kind": "OUT_OF_STOCK", "emails": ["head@alpha.example", "both@alpha.example"] })).await;
    shop.rule(
        json!({ "kind": "OUT_OF_STOCK", "storeId": shop.store["id"], "emails": ["shop@alpha.example", "both@alpha.example"] }),
    )
    .await;
    runs_out(&shop, "MUG").await;
    let post = || async { world.node.alerts.enqueue_due().await.unwrap() };
    // Several workers at once, and a later call.
    let (a, b) = tokio::join!(post(), post());
    assert_eq!((a + b, post().await), (3, 0));
    let jobs = jobs(&shop).await;
    let mut to: Vec<String> = jobs.iter().map(|job| text(&serde_json::from_str::<Value>(&job.payload).unwrap()["to"])).collect();
    to.sort();
    assert_eq!(to, ["both@alpha.example", "head@alpha.example", "shop@alpha.example"]);
    let letters = Letterbox::new(&shop);
    letters.sends(&shop, &jobs[0]).await.unwrap();
    let letter = letters.letters().remove(0);
    assert!(letter.contains("Subject: MUG A <MUG> has run out in CORNER & Sons"), "{letter}");
    assert!(letter.contains("A &lt;MUG&gt; has run out in CORNER &amp; Sons"), "{letter}");
    assert!(letter.contains("Content-Type: text/plain") && letter.contains("Content-Type: text/html"), "{letter}");
}

async fn due_at(shop: &Shop<'_>) -> Vec<String> {
    let sql = "SELECT l.recipient || ' ' || CAST(l.due_at AS text) FROM alert_letter l WHERE l.tenant_id = $1 AND l.queued_at IS NULL ORDER BY l.recipient";
    let found = shop.texts(sql, vec![]).await;
    let read = |line: &String| {
        let (who, at) = line.split_once(' ').unwrap();
        format!("{who} {}", &rfc3339(Timestamp(at.parse().unwrap()))[..16])
    };
    found.iter().map(read).collect()
}

/// The world's clock is moved on to a moment.
fn advance_to(shop: &Shop<'_>, moment: &str) {
    let seconds = (parse_rfc3339(moment).unwrap().micros() - shop.now().micros()) / 1_000_000;
    assert!(seconds > 0, "{moment} is over");
    // One second later, so that the time has certainly passed.
    shop.world.advance_clock(seconds + 1);
}

async fn letters_wait_for_the_end_of_quiet_hours_and_for_their_digest(world: &World) {
    let shop = Shop::open(world).await;
    let night = json!({ "from": "22:00", "to": "07:00" });
    for (scope, email, extra) in [
        (json!({}), "now@x.example", json!({})),
        (json!({ "storeId": shop.store["id"] }), "quiet@x.example", json!({ "quietHours": night })),
    ] {
        let mut input = json!({ "kind": "OUT_OF_STOCK", "emails": [email] });
        for part in [scope, extra] {
            input.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        }
        shop.rule(input).await;
    }
    let mug = shop.product("MUG", json!({})).await;
    let cup = shop.product("CUP", json!({})).await;
    let daily = json!({ "kind": "OUT_OF_STOCK", "productId": mug["id"], "emails": ["daily@x.example"], "digest": "DAILY", "digestHour": 8 });
    shop.rule(daily).await;
    let hourly = json!({ "kind": "OUT_OF_STOCK", "productId": cup["id"], "emails": ["hourly@x.example"], "digest": "HOURLY", "timeZone": "Asia/Tokyo" });
    shop.rule(hourly).await;
    // The night in which London's clocks go back.
    advance_to(&shop, "2026-10-24T21:15:00Z");
    shop.move_stock(&[(&mug, 5), (&cup, 5)]).await;
    shop.move_stock(&[(&mug, -5), (&cup, -5)]).await;
    shop.evaluate_alerts().await;
    let now = "2026-10-24T21:15";
    let expected = ["daily@x.example 2026-10-25T08:00", "hourly@x.example 2026-10-24T22:00"];
    let due = due_at(&shop).await;
    assert_eq!(due[..2], expected);
    assert_eq!(due[2..4], [format!("now@x.example {now}"), format!("now@x.example {now}")]);
    assert_eq!(due[4..], ["quiet@x.example 2026-10-25T07:00", "quiet@x.example 2026-10-25T07:00"]);
    let post = || async { world.node.alerts.enqueue_due().await.unwrap() };
    assert_eq!((post().await, post().await), (1, 0), "one letter of two alerts");
    advance_to(&shop, "2026-10-24T22:00:01Z");
    assert_eq!(post().await, 1);
    advance_to(&shop, "2026-10-25T06:59:00Z");
    assert_eq!(post().await, 0);
    // The alert is over before its e-mail is sent, and the e-mail mentions that.
    shop.move_stock(&[(&mug, 5), (&cup, 5)]).await;
    shop.evaluate_alerts().await;
    advance_to(&shop, "2026-10-25T07:00:01Z");
    assert_eq!(post().await, 1);
    let letters = Letterbox::new(&shop);
    letters.sends(&shop, jobs(&shop).await.last().unwrap()).await.unwrap();
    let letter = letters.letters().remove(0);
    assert!(
        letter.contains("Subject: 2 alerts of alpha company") && letter.matches("(resolved by now)").count() == 4,
        "{letter}"
    );
    advance_to(&shop, "2026-10-25T08:00:01Z");
    assert_eq!((post().await, due_at(&shop).await.len()), (1, 0));
}

async fn members_are_told_what_they_may_see(world: &World) {
    let shop = Shop::open(world).await;
    shop.rule(json!({ "kind": "OUT_OF_STOCK", "memberIds": [world.ours.ids["mem"]] })).await;
    runs_out(&shop, "MUG").await;
    assert_eq!(world.node.alerts.enqueue_due().await.unwrap(), 1);
    let (job, letters) = (jobs(&shop).await.remove(0), Letterbox::new(&shop));
    letters.sends(&shop, &job).await.unwrap();
    assert!(letters.letters().remove(0).contains("To: alpha@example.com"));
    // The recipients lose their rights, and are then suspended.
    let silent = Letterbox::new(&shop);
    world.as_owner(&["DELETE FROM role_grant", "UPDATE policy SET version = version + 1"]).await;
    world.advance_clock(10);
    silent.sends(&shop, &job).await.unwrap();
    world.as_owner(&["UPDATE member SET status = 'SUSPENDED'"]).await;
    world.advance_clock(10);
    silent.sends(&shop, &job).await.unwrap();
    assert_eq!(silent.letters(), Vec::<String>::new());
}

async fn a_letter_that_cannot_leave_is_tried_again_or_given_up(world: &World) {
    let shop = Shop::open(world).await;
    shop.rule(json!({ "kind": "OUT_OF_STOCK", "emails": ["head@alpha.example"] })).await;
    runs_out(&shop, "MUG").await;
    world.node.alerts.enqueue_due().await.unwrap();
    let job = jobs(&shop).await.remove(0);
    let send = |post: Mailer, job: Job| {
        let alerts = world.node.alerts.clone();
        async move { alerts.send((&post, "Alpha <stock@alpha.example>"), &job).await }
    };
    // No server listens on this address.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead: Mailer = format!("smtp://{closed}").parse().unwrap();
    let Err(Failure::Fault(fault)) = send(dead, job.clone()).await else { panic!("it comes back") };
    assert!(fault.to_string().contains("could not be sent"), "{fault}");
    assert!(matches!(send(Mailer::None, job.clone()).await, Err(Failure::Hopeless(_))), "no e-mails leave this deployment");
    let junk = Job { payload: "{}".to_owned(), ..job.clone() };
    assert!(matches!(send(Mailer::Console, junk).await, Err(Failure::Hopeless(_))));
    // Alerts resolved long ago are deleted with their e-mails; a job that would send one then does
    // nothing.
    shop.must_mutate("alertResolve", json!({ "id": shop.only_alert("OUT_OF_STOCK").await["id"] })).await;
    world.advance_clock(401 * 24 * 3600);
    assert!(world.node.alerts.delete_old_alerts().await.unwrap() > 0);
    assert_eq!((shop.alerts(json!({ "state": ["RESOLVED"] })).await, due_at(&shop).await), (vec![], vec![]));
    send(Mailer::Console, job).await.unwrap();
    shop.is_sound().await;
}
