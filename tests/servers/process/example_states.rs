//! State that a shop needs before an example of the reference can succeed: a draft to confirm,
//! goods under way that can be received, a file, a link in an e-mail.

use std::{collections::BTreeMap, time::Duration};

use entrepot::clock::{Clock, day_text, local_day};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{client::Client, server::Site};
use crate::identity::{factors::Phone, world::token_in};

/// Steps before examples, each below the fields that need it, in order. `KEY` becomes another
/// number in each step, `SAME` one number in all steps of a field. A query is repeated until it
/// finds something. A step may be followed by `PUT` with the bytes for the upload that it has
/// begun, or `EMAIL` with an address and the beginning of the token in the e-mail to it. A step
/// that begins with `SQL` is a statement for the database, for states that otherwise take weeks or
/// a fault; `NEW_ID` becomes an ID in it.
const STEPS: &str = include_str!("example_states.txt");
/// The last part of each ID of an example, and that of a second row of a kind.
const ID: &str = "_01h455vb4pex5vsknk084sn02q";
const OTHER_ID: &str = "_01h455vb4pex5vsknk084sn02r";
/// The alias of a step's field that creates the second row.
const OTHER: &str = "other";
/// The token that examples show.
const TOKEN: &str = "the-token-that-you-received";
/// The code that examples show.
const CODE: &str = "123456";
/// Members of answers whose values take the place of these texts of examples.
const TEXTS: [(&str, &str); 8] = [
    ("accessExpiresAt", "2027-01-31T09:00:00Z"),
    ("challengeToken", TOKEN),
    ("collectCode", CODE),
    ("number", "1"),
    ("refreshToken", TOKEN),
    ("sku", "MUG-BLUE"),
    ("slug", "mug-shop"),
    ("slug", "mugs"),
];
/// The days that examples show, and the days from today on that are sent instead: reports have what
/// was just done, and what ends is still to come.
const DAYS: [(&str, i32); 3] = [("2026-11-02", -27), ("2026-11-30", 1), ("2027-01-31", 60)];
/// The members whose days are sent as they are shown: rates have the day of the file that is
/// imported, and a key ends with a session.
const SHOWN_DAYS: [&str; 3] = ["day", "oldKeyExpiresAt", "on"];
/// The member by which a step enrols an authenticator, whose codes take the place of `CODE`, and the one of an answer that has used the code of now up.
const ENROLMENT: &str = "otpauthUri";
const CONFIRMED: &str = "backupCodes";
/// Seconds for which an authenticator shows a code.
const CODE_SECONDS: i64 = 30;
/// The address of a language model in steps.
const MODEL: &str = "https://model.example/v1/chat/completions";
/// The member by which a step lets another session send what comes after it.
const SESSION: &str = "accessToken";
/// A picture of one pixel, for steps with `picture` as their bytes.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\
    \0\0\0\nIDATx\x9cch\0\0\0\x82\0\x81w\xcdr\xb6\0\0\0\0IEND\xaeB`\x82";
/// The longest that a job or an e-mail may take, and the pause between two looks.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(100);

type Ids = BTreeMap<String, String>;

/// Values that replace IDs and texts in examples.
#[derive(Clone, Default)]
pub struct Known {
    /// By their prefixes.
    first: Ids,
    other: Ids,
    texts: BTreeMap<&'static str, String>,
    /// The token of another session than the shop's.
    session: Option<String>,
    authenticator: Option<Phone>,
}

impl Known {
    /// With the language model at this address.
    pub fn with_model(url: &str) -> Self {
        Self { texts: BTreeMap::from([(MODEL, url.to_owned())]), ..Self::default() }
    }

    /// The text with the IDs and texts that are known.
    pub fn fill(&self, text: &str) -> String {
        let all = [(ID, &self.first), (OTHER_ID, &self.other)]
            .into_iter()
            .flat_map(|(last, ids)| ids.iter().map(move |one| (last, one)));
        let text = all.fold(text.to_owned(), |text, (last, (prefix, id))| text.replace(&format!("{prefix}{last}"), id));
        self.texts.iter().fold(text, |text, (shown, known)| text.replace(&json!(shown).to_string(), &json!(known).to_string()))
    }

    /// Returns the sender of the example: the shop's owner, unless a step has begun a session.
    pub fn caller(&self, shop: &Client) -> Client {
        let mut caller = shop.clone();
        if let Some(token) = &self.session {
            caller.token.clone_from(token);
        }
        caller
    }

    /// Keeps the first ID of each kind in an answer, unless one of its kind is known.
    pub fn keep(&mut self, data: &Value) {
        collect(data, &mut self.first);
    }

    /// Replaces the known values by those in a step's answer.
    fn renew(&mut self, data: &Value) {
        for (field, payload) in data.as_object().into_iter().flatten() {
            let mut found = Ids::new();
            collect(payload, &mut found);
            if field == OTHER {
                self.other.extend(found)
            } else {
                self.first.extend(found)
            }
            self.note(payload);
        }
    }

    /// Notes texts, the session and the authenticator.
    fn note(&mut self, value: &Value) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| match value {
                Value::String(text) if name == SESSION => self.session = Some(text.clone()),
                Value::String(uri) if name == ENROLMENT => {
                    self.authenticator = Some(Phone::of(uri));
                    self.note_code(0);
                }
                // No code is accepted twice, and the next one already is.
                Value::Array(_) if name == CONFIRMED => self.note_code(CODE_SECONDS),
                Value::String(text) => {
                    let shown = TEXTS.iter().filter(|(member, _)| member == name);
                    self.texts.extend(shown.map(|(_, shown)| (*shown, text.clone())));
                }
                below => self.note(below),
            }),
            Value::Array(items) => items.iter().for_each(|value| self.note(value)),
            _ => {}
        }
    }

    /// Notes the code that the authenticator shows so many seconds from now.
    fn note_code(&mut self, later: i64) {
        let seconds = Clock::system().now().micros() / 1_000_000 + later;
        let code = self.authenticator.as_ref().map(|phone| phone.at(seconds));
        self.texts.extend(code.map(|code| (CODE, code)));
    }
}

/// Returns the variables of an example with days around today in the place of those that it shows.
pub fn with_days_of_now(mut variables: Value) -> Value {
    move_days(&mut variables, local_day(Clock::system().now(), "UTC"));
    variables
}

fn move_days(value: &mut Value, today: i32) {
    match value {
        Value::Object(members) => {
            for (_, value) in members.iter_mut().filter(|(name, _)| !SHOWN_DAYS.contains(&name.as_str())) {
                move_days(value, today);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|value| move_days(value, today)),
        Value::String(text) => {
            if let Some((shown, days)) = DAYS.iter().find(|(shown, _)| text.starts_with(shown)) {
                text.replace_range(..shown.len(), &day_text(today + days));
            }
        }
        _ => {}
    }
}

fn collect(value: &Value, ids: &mut Ids) {
    match value {
        Value::Object(members) => members.values().for_each(|value| collect(value, ids)),
        Value::Array(items) => items.iter().for_each(|value| collect(value, ids)),
        Value::String(text) => {
            if let Some((prefix, rest)) = text.split_once('_')
                && prefix.len() == 3
                && rest.len() == ID.len() - 1
            {
                ids.entry(prefix.to_owned()).or_insert_with(|| text.clone());
            }
        }
        _ => {}
    }
}

/// The steps with the fields that need them.
fn steps() -> impl Iterator<Item = (Vec<&'static str>, &'static str)> {
    STEPS.split("\n\n").map(|block| {
        let (fields, document) = block.trim().trim_start_matches("# ").split_once('\n').unwrap();
        (fields.split(' ').collect(), document)
    })
}

/// Every field that has steps.
pub fn prepared_fields() -> Vec<&'static str> {
    steps().flat_map(|(fields, _)| fields).collect()
}

/// Returns the known values after the steps of a field, or the step that was refused.
pub async fn prepared(shop: &Client, site: &Site, field: &str, known: &Known, number: &mut u32) -> Result<Known, String> {
    let mut known = known.clone();
    let same = (*number + 1).to_string();
    for (_, step) in steps().filter(|(fields, _)| fields.contains(&field)) {
        *number += 1;
        let step = known.fill(&step.replace("KEY", &number.to_string()).replace("SAME", &same));
        if let Some(sql) = step.strip_prefix("SQL ") {
            site.run_sql(&sql.replace("NEW_ID", &new_id(site))).await;
            continue;
        }
        let (document, rest) = step.split_once('\n').unwrap_or((step.as_str(), ""));
        let caller = known.caller(shop);
        let data = step_data(&caller, document).await?;
        known.renew(&data);
        match rest.split_once(' ') {
            Some(("PUT", bytes)) => uploaded(&caller, &data, bytes).await?,
            Some(("EMAIL", wanted)) => {
                known.texts.insert(TOKEN, emailed_token(site, wanted).await?);
            }
            _ => {}
        }
    }
    Ok(known)
}

/// An ID that nothing has, as SQL.
fn new_id(site: &Site) -> String {
    let id = Clock::system().uuid();
    if site.postgres.is_none() { format!("X'{:032x}'", id.as_u128()) } else { format!("'{id}'::uuid") }
}

/// The data of a step that was not refused, of a query as soon as it finds something.
async fn step_data(caller: &Client, document: &str) -> Result<Value, String> {
    let started_at = Instant::now();
    loop {
        let mut answer = caller.send(document, &json!({})).await?;
        if answer["data"].as_object().is_some_and(|data| data.values().all(is_done)) {
            return Ok(answer["data"].take());
        }
        if !document.starts_with("query") || started_at.elapsed() > PATIENCE {
            return Err(format!("{document}: {answer}"));
        }
        sleep(PAUSE).await;
    }
}

fn is_done(payload: &Value) -> bool {
    match payload["userErrors"].as_array() {
        Some(refusals) => refusals.is_empty(),
        None => payload["nodes"].as_array().is_some_and(|nodes| !nodes.is_empty()),
    }
}

/// Sends a file by the link that a step was given; its lines are parted by `\n`.
async fn uploaded(caller: &Client, data: &Value, text: &str) -> Result<(), String> {
    let link = data["fileUploadCreate"]["uploadUrl"].as_str().ok_or_else(|| format!("no upload: {data}"))?;
    let bytes = if text == "picture" { PICTURE.to_vec() } else { text.replace("\\n", "\n").into_bytes() };
    caller.upload(link, bytes).await
}

/// The token of the link in an e-mail: `wanted` is its address and the beginning of the token.
async fn emailed_token(site: &Site, wanted: &str) -> Result<String, String> {
    let (address, prefix) = wanted.split_once(' ').ok_or_else(|| format!("an address and a prefix are needed: {wanted}"))?;
    let started_at = Instant::now();
    while started_at.elapsed() < PATIENCE {
        let emails = site.letters();
        let with_links = emails.iter().filter(|email| email.contains(address) && email.contains("#token="));
        if let Some(token) = with_links.map(|email| token_in(email)).find(|token| token.starts_with(prefix)) {
            return Ok(token);
        }
        sleep(PAUSE).await;
    }
    Err(format!("no e-mail: {wanted}"))
}

#[test]
fn what_a_step_has_made_takes_the_place_of_what_an_example_shows() {
    let mut known = Known::default();
    let order = json!({ "id": "ord_01h9zzzzzzzzzzzzzzzzzzzzzz", "number": "SO-000012" });
    known.renew(&json!({ "orderCreate": { "order": order }, "login": { "result": { "accessToken": "eyJ" } } }));
    let filled = known.fill("[\"ord_01h455vb4pex5vsknk084sn02q\", \"1\", \"order-create-1\"]");
    assert_eq!(filled, "[\"ord_01h9zzzzzzzzzzzzzzzzzzzzzz\", \"SO-000012\", \"order-create-1\"]");
    assert_eq!(known.session.as_deref(), Some("eyJ"));
}

#[test]
fn days_of_examples_are_sent_as_days_around_today() {
    let today = entrepot::clock::parse_day("2028-02-28").unwrap();
    let mut variables = json!({
        "filter": { "from": "2026-11-02", "to": "2026-11-30" },
        "values": [{ "date": "2027-01-31" }],
        "until": "2027-01-31T09:00:00Z",
        "on": "2026-11-02",
        "note": "since 2026-11-02",
    });
    move_days(&mut variables, today);
    let expected = json!({
        "filter": { "from": "2028-02-01", "to": "2028-02-29" },
        "values": [{ "date": "2028-04-28" }],
        "until": "2028-04-28T09:00:00Z",
        "on": "2026-11-02",
        "note": "since 2026-11-02",
    });
    assert_eq!(variables, expected);
}

#[test]
fn an_authenticator_that_a_step_enrols_shows_the_codes_of_examples() {
    let uri = "otpauth://totp/Entrepot:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Entrepot";
    let mut known = Known::default();
    let (phone, now) = (Phone::of(uri), Clock::system().now().micros() / 1_000_000);
    // If the next half-minute begins meanwhile, the code is the next one.
    let codes = |later: i64| [later, later + CODE_SECONDS].map(|later| format!("[\"{}\"]", phone.at(now + later)));
    known.renew(&json!({ "totpEnrol": { "otpauthUri": uri } }));
    assert!(codes(0).contains(&known.fill("[\"123456\"]")));
    known.renew(&json!({ "totpConfirm": { "backupCodes": ["07-0AZ01-2345Z"] } }));
    assert!(codes(CODE_SECONDS).contains(&known.fill("[\"123456\"]")));
}
