//! Messages as they may be kept: without credentials.

/// Characters that are kept of a message.
const MOST_CHARACTERS: usize = 500;
/// Elements of answers of a bucket that name who asked, and what was signed.
const SECRET_ELEMENTS: [&str; 4] = ["AWSAccessKeyId", "StringToSign", "SignatureProvided", "CanonicalRequest"];

/// The message without logins and queries in URLs, without what a bucket repeats of a signature, on one line, and not too long.
pub fn scrubbed(message: &str) -> String {
    let mut text = message.to_owned();
    for element in SECRET_ELEMENTS {
        text = without(&text, element);
    }
    let words: Vec<String> = text.split_whitespace().map(word).collect();
    let line = words.join(" ");
    line.chars().filter(|c| !c.is_control()).take(MOST_CHARACTERS).collect()
}

/// The text without what stands in an element of this name. One that has no end hides the rest.
fn without(text: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once(&open) {
        kept.push_str(before);
        kept.push('…');
        rest = inside.split_once(&close).map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

/// A word without the login and the query of a URL in it.
fn word(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?…"));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{place}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_kept_without_credentials() {
        for (message, kept) in [
            ("the disk is full", "the disk is full"),
            (
                "cannot reach https://me:se/cret@bucket.example/a?X-Amz-Signature=abc now",
                "cannot reach https://bucket.example/a?… now",
            ),
            (
                "403: <Error><Code>Denied</Code><AWSAccessKeyId>AKIAX</AWSAccessKeyId></Error>",
                "403: <Error><Code>Denied</Code>…</Error>",
            ),
            ("<StringToSign>never ends", "…"),
            ("two\n  lines\u{1b}[2J", "two lines[2J"),
        ] {
            assert_eq!(scrubbed(message), kept);
        }
        assert_eq!(scrubbed(&"é".repeat(9_000)).chars().count(), MOST_CHARACTERS);
    }
}
