//! What a shop must have before an example of the reference can succeed: a draft to confirm, goods under way that can be received.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::client::Client;

/// Steps before examples, each below the fields that need it, in order. `KEY` becomes another number each time.
const STEPS: &str = include_str!("example_states.txt");
/// The last part of each ID of an example, and that of a second thing of a kind.
const ID: &str = "_01h455vb4pex5vsknk084sn02q";
const OTHER_ID: &str = "_01h455vb4pex5vsknk084sn02r";
/// The alias of a step's field that makes the second thing.
const OTHER: &str = "other";

type Ids = BTreeMap<String, String>;

/// The IDs that take the place of those in examples, by their prefixes.
#[derive(Clone, Default)]
pub struct Known {
    first: Ids,
    other: Ids,
}

impl Known {
    /// The text with the IDs that are known.
    pub fn fill(&self, text: &str) -> String {
        let all = [(ID, &self.first), (OTHER_ID, &self.other)]
            .into_iter()
            .flat_map(|(last, ids)| ids.iter().map(move |one| (last, one)));
        all.fold(text.to_owned(), |text, (last, (prefix, id))| text.replace(&format!("{prefix}{last}"), id))
    }

    /// Keeps the first ID of each kind in an answer, unless one of its kind is known.
    pub fn keep(&mut self, data: &Value) {
        collect(data, &mut self.first);
    }

    /// Puts the IDs of a step's answer in the place of those of before.
    fn renew(&mut self, data: &Value) {
        for (field, payload) in data.as_object().into_iter().flatten() {
            let mut found = Ids::new();
            collect(payload, &mut found);
            if field == OTHER { self.other.extend(found) } else { self.first.extend(found) }
        }
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

/// What is known after the steps of a field, or the step that was refused.
pub async fn prepared(shop: &Client, field: &str, known: &Known, number: &mut u32) -> Result<Known, String> {
    let mut known = known.clone();
    for (_, step) in steps().filter(|(fields, _)| fields.contains(&field)) {
        *number += 1;
        let document = known.fill(step).replace("KEY", &number.to_string());
        let answer = shop.send(&document, &json!({})).await?;
        let is_done = |payload: &Value| payload["userErrors"].as_array().is_some_and(Vec::is_empty);
        if !answer["data"].as_object().is_some_and(|data| data.values().all(is_done)) {
            return Err(format!("{document}: {answer}"));
        }
        known.renew(&answer["data"]);
    }
    Ok(known)
}
