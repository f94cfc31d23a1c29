//! Short words for runs of schedules, and a folder in place of a mail server.

use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use entrepot::{
    clock::parse_rfc3339,
    identity::Mailer,
    jobs::{
        Failure,
        core::{Job, State},
    },
    storage::{Reads, Row},
};
use serde_json::Value;

use super::schedules::read_schedules;
use crate::{authorization::world::World, purchasing::office::Office};

const FROM: &str = "Alpha <stock@alpha.example>";

/// The world's clock is moved on to a moment.
pub fn go_to(world: &World, moment: &Value) {
    let moment = parse_rfc3339(moment.as_str().unwrap()).unwrap();
    let seconds = (moment.micros() - world.node.clock.now().micros()) / 1_000_000;
    world.advance_clock(seconds + 1);
}

pub async fn post(world: &World) -> usize {
    world.node.saved_views.enqueue_due().await.unwrap()
}

/// The jobs of runs, the oldest first.
pub async fn jobs(office: &Office<'_>) -> Vec<Job> {
    jobs_of(office, "view.send").await
}

/// The jobs of a kind, the oldest first.
pub async fn jobs_of(office: &Office<'_>, kind: &str) -> Vec<Job> {
    let sql = format!("SELECT id, payload FROM job WHERE tenant_id = $1 AND kind = '{kind}' ORDER BY id");
    let rows = office.world.node.db.tenant(office.caller.tenant).rows(&sql, vec![]).await.unwrap();
    let now = office.world.node.clock.now();
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Job {
                tenant: office.caller.tenant,
                id: row.take().unwrap(),
                kind: kind.to_owned(),
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

pub async fn run(world: &World, mailer: &Mailer, job: &Job) -> Result<(), Failure> {
    world.node.saved_views.send_scheduled(&world.node.identity, (mailer, FROM), job).await
}

/// The job of the next run of the only schedule that is due then.
pub async fn next_job(office: &Office<'_>, slug: &str) -> Job {
    go_to(office.world, &read_schedules(office, slug).await[0]["nextRunAt"]);
    assert_eq!(post(office.world).await, 1);
    jobs(office).await.pop().unwrap()
}

/// A folder in place of a mail server.
pub struct Letterbox(PathBuf, pub Mailer);

impl Letterbox {
    pub fn new(world: &World) -> Self {
        let folder = world.home.folder.join(format!("mail-{}", world.node.clock.uuid()));
        let mailer = format!("file:{}", folder.display()).parse().unwrap();
        Self(folder, mailer)
    }

    /// Returns the received e-mails, sorted by recipient.
    pub fn letters(&self) -> Vec<String> {
        let Ok(found) = fs::read_dir(&self.0) else { return Vec::new() };
        let mut all: Vec<String> = found.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
        all.sort_by_key(|letter| header(letter, "To: "));
        all
    }
}

pub fn header(letter: &str, name: &str) -> String {
    letter.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
}

/// A mail server that is away.
pub fn dead() -> Mailer {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("smtp://{closed}").parse().unwrap()
}

/// The attached file, as it went in.
pub fn attachment(letter: &str) -> String {
    let (_, rest) = letter.split_once("Content-Disposition: attachment").unwrap_or_else(|| panic!("{letter}"));
    let (_, body) = rest.split_once("\r\n\r\n").unwrap();
    let body = body.split("\r\n--").next().unwrap().replace("\r\n", "");
    String::from_utf8(STANDARD.decode(body).unwrap()).unwrap()
}
