//! Placeholders of the same form for the parts of an answer that differ in each run, and the form
//! in which the answer is shown: members in the order of the document, lists and texts cut.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

const CURSOR: &str = "AQIDBA";
const TIME: &str = "2026-11-30T09:00:00Z";
const DATE: &str = "2026-11-30";
const SEQ: i64 = 42;
const HOST: &str = "entrepot.example";
const UUID: &str = "00000000-0000-0000-0000-000000000000";
/// Characters of a random text that are shown, and the minimum length of a text that counts as
/// random.
const RANDOM: usize = 24;
const FEWEST_RANDOM: usize = 20;
/// Characters of the last part of an ID.
const ID: usize = 26;
/// Digits of a number of a document.
const DIGITS: usize = 6;
/// Words in the names of members that are secret or random, whatever they contain, and the minimum
/// length of such a text.
const SECRETS: [&str; 7] = ["token", "secret", "hash", "digest", "signature", "prefix", "backupcode"];
const FEWEST_SECRET: usize = 8;
/// Ends of the names of numbers that a clock, a journal or a machine counts.
const COUNTED: [&str; 6] = ["seq", "Seq", "Ms", "InSeconds", "bytes", "remaining"];
/// Columns of a line of JSON.
const COLUMNS: usize = 100;

/// Limits of the part of an answer that is shown.
#[derive(Clone, Copy)]
pub struct Cut {
    /// Nodes of a list.
    pub nodes: usize,
    /// Characters of a text.
    pub characters: usize,
}

/// Placeholders of one answer: the same value has the same one.
pub struct Placeholders<'a> {
    /// The place of each name in the document.
    places: BTreeMap<&'a str, usize>,
    /// Values that the example shows and that were sent, which stay unchanged.
    given: BTreeSet<String>,
    /// Values that the example shows, by the values that were sent instead: IDs, and texts such as
    /// SKUs.
    ids: BTreeMap<String, String>,
    /// IDs that were not sent.
    new_ids: usize,
    numbers: BTreeMap<String, String>,
    cut: Cut,
}

impl<'a> Placeholders<'a> {
    /// Takes the variables that the example shows, and those that were sent: the placeholder of an
    /// ID that was sent is the ID that is shown.
    pub fn new(document: &'a str, shown: &Value, sent: &Value, cut: Cut) -> Self {
        let mut places = BTreeMap::new();
        let words = document.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
        words.enumerate().for_each(|(place, word)| {
            places.entry(word).or_insert(place);
        });
        let (ids, numbers) = (BTreeMap::new(), BTreeMap::new());
        let mut placeholders = Self { places, given: BTreeSet::new(), ids, new_ids: 0, numbers, cut };
        placeholders.give(shown, sent);
        placeholders
    }

    fn give(&mut self, shown: &Value, sent: &Value) {
        match (shown, sent) {
            (Value::Object(shown), Value::Object(sent)) => {
                shown.iter().for_each(|(name, value)| self.give(value, sent.get(name).unwrap_or(value)));
            }
            (Value::Array(shown), Value::Array(sent)) => shown.iter().zip(sent).for_each(|(one, other)| self.give(one, other)),
            (Value::String(shown), Value::String(sent)) if shown == sent => {
                self.given.insert(shown.clone());
            }
            (Value::String(shown), Value::String(sent)) => {
                self.ids.insert(sent.clone(), shown.clone());
            }
            _ => {}
        }
    }

    /// The answer in JSON, the same in each run.
    pub fn text_of(mut self, answer: &Value) -> String {
        let stable = self.stable("", answer);
        self.written(&stable, 0)
    }

    /// Returns the names of members in the order of the document, followed by others.
    fn sorted<'m>(&self, members: &'m Map<String, Value>) -> Vec<&'m String> {
        let place = |name: &str| self.places.get(name).copied().unwrap_or(usize::MAX);
        let mut names: Vec<&'m String> = members.keys().collect();
        names.sort_by(|one, other| place(one.as_str()).cmp(&place(other.as_str())).then_with(|| one.cmp(other)));
        names
    }

    /// A value of a member, or of a list that a member has.
    fn stable(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let names = self.sorted(members);
                let stable = names.into_iter().map(|name| (name.clone(), self.stable(name, &members[name])));
                Value::Object(stable.collect())
            }
            Value::Array(items) => items.iter().take(self.cut.nodes).map(|item| self.stable(name, item)).collect(),
            Value::String(text) => {
                let stable = self.stable_text(name, text);
                match stable.char_indices().nth(self.cut.characters) {
                    Some((end, _)) => json!(format!("{}…", &stable[..end])),
                    None => json!(stable),
                }
            }
            Value::Number(_) if COUNTED.iter().any(|end| name.ends_with(end)) => json!(SEQ),
            other => other.clone(),
        }
    }

    fn stable_text(&mut self, name: &str, text: &str) -> String {
        if self.given.contains(text) {
            return text.to_owned();
        }
        if name == "cursor" || name.ends_with("Cursor") {
            return CURSOR.to_owned();
        }
        let own = name.to_lowercase();
        // The status of a secret is a word, its end is a time, and the prefix of an invoice is short.
        let is_word = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let is_plain = is_word || text.contains(' ') || text.len() < FEWEST_SECRET || has_form(text, "0000-00-00");
        if SECRETS.iter().any(|word| own.contains(word)) && !is_plain {
            return random(text);
        }
        // Numbers of works, reversals and revaluations are digits alone.
        if name == "number" && text.starts_with(|sign: char| sign.is_ascii_digit()) {
            return text.split('-').map(|_| "1").collect::<Vec<_>>().join("-");
        }
        self.words(text)
    }

    /// A text with placeholders for its words; signs between them stay.
    fn words(&mut self, text: &str) -> String {
        let is_of_word = |sign: char| sign.is_ascii_alphanumeric() || "_-.:".contains(sign);
        let (mut out, mut rest) = (String::new(), text);
        while let Some(start) = rest.find(is_of_word) {
            let end = rest[start..].find(|sign: char| !is_of_word(sign)).map_or(rest.len(), |length| start + length);
            // The sign that ends a sentence belongs to no word.
            let word = rest[start..end].trim_end_matches(['.', ':']);
            let placeholder = self.word(word);
            out.push_str(&rest[..start]);
            out.push_str(&placeholder);
            out.push_str(&rest[start + word.len()..end]);
            rest = &rest[end..];
        }
        out + rest
    }

    fn word(&mut self, word: &str) -> String {
        if self.given.contains(word) {
            return word.to_owned();
        }
        if let Some(prefix) = prefix_of_id(word) {
            if let Some(placeholder) = self.ids.get(word) {
                return placeholder.clone();
            }
            self.new_ids += 1;
            let placeholder = format!("{prefix}_{:026}", self.new_ids);
            self.ids.insert(word.to_owned(), placeholder.clone());
            return placeholder;
        }
        if let Some((letters, width)) = number_parts(word) {
            let next = self.numbers.len() + 1;
            return self.numbers.entry(word.to_owned()).or_insert_with(|| format!("{letters}{next:0width$}")).clone();
        }
        // The word was sent in place of a text of the example.
        if let Some(shown) = self.ids.get(word) {
            return shown.clone();
        }
        let is_random = || {
            let has = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
            word.len() >= FEWEST_RANDOM && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
        };
        match word {
            "" => String::new(),
            _ if has_form(word, "0000-00-00T00:00") => TIME.to_owned(),
            _ if has_form(word, "0000-00-00") && word.len() == DATE.len() => DATE.to_owned(),
            _ if word.starts_with("127.0.0.1:") || word.starts_with("localhost:") => HOST.to_owned(),
            _ if is_uuid(word) => UUID.to_owned(),
            _ if is_random() => random(word),
            _ => word.to_owned(),
        }
    }

    /// JSON in which an object or a list is in one line if it fits.
    fn written(&self, value: &Value, depth: usize) -> String {
        let (brackets, items) = match value {
            Value::Object(members) if !members.is_empty() => {
                let member = |name: &String| format!("{}: {}", json!(name), self.written(&members[name], depth + 1));
                (["{", "}"], self.sorted(members).into_iter().map(member).collect::<Vec<_>>())
            }
            Value::Array(items) if !items.is_empty() => {
                (["[", "]"], items.iter().map(|item| self.written(item, depth + 1)).collect())
            }
            leaf => return leaf.to_string(),
        };
        let [open, close] = brackets;
        let line = format!("{open} {} {close}", items.join(", "));
        if !line.contains('\n') && 2 * depth + line.len() <= COLUMNS {
            return line;
        }
        let indent = "  ".repeat(depth);
        format!("{open}\n{indent}  {}\n{indent}{close}", items.join(&format!(",\n{indent}  ")))
    }
}

/// Whether a text begins with this form, in which 0 is any digit.
fn has_form(text: &str, form: &str) -> bool {
    let fits = |(byte, wanted): (u8, u8)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() >= form.len() && text.bytes().zip(form.bytes()).all(fits)
}

/// The prefix of an ID.
fn prefix_of_id(word: &str) -> Option<&str> {
    let (prefix, rest) = word.split_once('_')?;
    let is_prefix = prefix.len() == 3 && prefix.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_rest = rest.len() == ID && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (is_prefix && is_rest).then_some(prefix)
}

/// Returns the letters of a document's number, and the number of digits of its placeholder: that of
/// the default pattern, and one for an invoice.
fn number_parts(word: &str) -> Option<(&str, usize)> {
    let letters = word.trim_end_matches(|sign: char| sign.is_ascii_digit());
    let digits = word.len() - letters.len();
    let is_of_number = letters.len() >= 3 && letters.ends_with('-') && letters[..2].bytes().all(|byte| byte.is_ascii_uppercase());
    match letters {
        "INV-" | "CR-" if digits > 0 => Some((letters, 1)),
        _ if is_of_number && digits >= DIGITS => Some((letters, DIGITS)),
        _ => None,
    }
}

fn is_uuid(word: &str) -> bool {
    let is_of_uuid =
        |(place, byte): (usize, u8)| if UUID.as_bytes()[place] == b'-' { byte == b'-' } else { byte.is_ascii_hexdigit() };
    word.len() == UUID.len() && word.bytes().enumerate().all(is_of_uuid)
}

/// Zeros behind the prefix that a secret has, as in `whsec_`; as many as it has for a hash.
fn random(text: &str) -> String {
    let is_hash = [32, 40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let prefix = text.find('_').map_or("", |end| &text[..=end]);
    let is_prefix = prefix.len() <= FEWEST_SECRET && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    format!("{}{}", if is_prefix { prefix } else { "" }, "0".repeat(if is_hash { text.len() } else { RANDOM }))
}

#[test]
fn what_is_another_in_each_run_has_a_placeholder_of_its_form() {
    let cases = [
        ("id", "ord_01h455vb4pex5vsknk084sn02q", "ord_00000000000000000000000001"),
        ("createdAt", "2026-11-27T15:13:00.123456Z", TIME),
        ("day", "2026-11-27", DATE),
        ("endCursor", "AbCd", CURSOR),
        ("accessToken", "eyJhbGciOi.J9", "000000000000000000000000"),
        ("secret", "whsec_Zm9v+/=", "whsec_000000000000000000000000"),
        ("secretStatus", "ACTIVE", "ACTIVE"),
        ("invoicePrefix", "INV-", "INV-"),
        ("accessTokenExpiresAt", "2026-11-27T15:13:00Z", TIME),
        ("number", "SO-000012", "SO-000001"),
        ("number", "INV-12", "INV-1"),
        ("number", "PO-······", "PO-······"),
        ("number", "12-3", "1-1"),
        ("message", "order SO-000012 of sto_01h455vb4pex5vsknk084sn02q.", "order SO-000001 of sto_00000000000000000000000001."),
        ("url", "http://127.0.0.1:4711/files/x", "http://entrepot.example/files/x"),
        ("url", "/files/c29tZXRoaW5nMTIzNDU2Nzg5", "/files/000000000000000000000000"),
        ("text", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", UUID),
        ("lot", "L-2026-11", "L-2026-11"),
        ("key", "order-create-1", "order-create-1"),
    ];
    for (name, value, expected) in cases {
        let of = Placeholders::new("", &json!({}), &json!({}), Cut { nodes: 2, characters: 100 });
        assert_eq!(of.text_of(&json!({ name: value })), format!("{{ {}: {} }}", json!(name), json!(expected)));
    }
}

#[test]
fn what_was_sent_instead_of_a_text_of_the_example_is_shown_as_that_text() {
    let (shown, sent) = (json!({ "sku": "MUG-BLUE", "number": "1" }), json!({ "sku": "SET-7", "number": "SO-000012" }));
    let of = || Placeholders::new("", &shown, &sent, Cut { nodes: 2, characters: 100 });
    assert_eq!(of().text_of(&json!({ "message": "SET-7 is sold." })), "{ \"message\": \"MUG-BLUE is sold.\" }");
    assert_eq!(
        of().text_of(&json!({ "number": "SO-000012" })),
        "{ \"number\": \"SO-000001\" }",
        "a number is shown as numbers are"
    );
    let period = |from: &str, to: &str| json!({ "from": from, "to": to });
    let (shown, sent) = (period("2026-11-02", "2026-11-30"), period("2026-11-30", "2026-12-28"));
    let of = Placeholders::new("", &shown, &sent, Cut { nodes: 2, characters: 100 });
    let answer = json!({ "from": "2026-11-30", "to": "2026-12-28" });
    assert_eq!(of.text_of(&answer), "{ \"from\": \"2026-11-02\", \"to\": \"2026-11-30\" }", "whichever of the shown days it is");
}

#[test]
fn an_answer_is_shown_in_the_order_of_its_document_and_cut() {
    let document = "query Orders($first: Int) { orders(first: $first) { nodes { id seq name at } pageInfo { endCursor } } }";
    let (shown, sent) = (json!({ "id": "ord_01h455vb4pex5vsknk084sn02q" }), json!({ "id": "ord_01h9zzzzzzzzzzzzzzzzzzzzzz" }));
    let node = |id: &str| json!({ "seq": 7, "name": "A mug of tea", "id": id, "at": "2026-11-02" });
    let nodes = ["ord_01h9zzzzzzzzzzzzzzzzzzzzzz", "ord_01h9yyyyyyyyyyyyyyyyyyyyyy", "ord_01h9xxxxxxxxxxxxxxxxxxxxxx"].map(node);
    let answer = json!({ "pageInfo": { "endCursor": "x" }, "nodes": nodes });
    let found = Placeholders::new(document, &shown, &sent, Cut { nodes: 2, characters: 5 }).text_of(&answer);
    let node = |id: &str| format!("    {{ \"id\": \"{id}…\", \"seq\": 42, \"name\": \"A mug…\", \"at\": \"2026-…\" }}");
    let (first, second) = (node("ord_0"), node("ord_0"));
    assert_eq!(
        found,
        format!("{{\n  \"nodes\": [\n{first},\n{second}\n  ],\n  \"pageInfo\": {{ \"endCursor\": \"AQIDB…\" }}\n}}")
    );
    let found = Placeholders::new(document, &shown, &sent, Cut { nodes: 1, characters: 40 }).text_of(&answer);
    assert!(found.contains("\"ord_01h455vb4pex5vsknk084sn02q\"") && !found.contains("ord_0000"), "{found}");
}
