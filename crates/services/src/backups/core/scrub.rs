//! Messages in their stored form: without credentials.

/// Maximum characters of a stored message.
const MAX_CHARACTERS: usize = 500;
/// Elements of a bucket's error responses that contain the access key or the signed text.
const SECRET_ELEMENTS: [&str; 4] = ["AWSAccessKeyId", "StringToSign", "SignatureProvided", "CanonicalRequest"];

/// Returns the message without credentials and queries in URLs and without signatures that a bucket
/// repeats, on one line, and shortened.
pub fn scrub_message(message: &str) -> String {
    let mut text = message.to_owned();
    for element in SECRET_ELEMENTS {
        text = remove_elements(&text, element);
    }
    let words: Vec<String> = text.split_whitespace().map(word).collect();
    let line = words.join(" ");
    line.chars().filter(|c| !c.is_control()).take(MAX_CHARACTERS).collect()
}

/// Removes the content of the elements of this name. An element that is not closed hides the rest
/// of the text.
fn remove_elements(text: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let mut scrubbed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once(&open) {
        scrubbed.push_str(before);
        scrubbed.push('…');
        rest = inside.split_once(&close).map_or("", |(_, after)| after);
    }
    scrubbed.push_str(rest);
    scrubbed
}

/// Returns a word without the credentials and the query of a URL in it.
fn word(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?…"));
    let address = rest.rsplit_once('@').map_or(rest, |(_, address)| address);
    format!("{scheme}://{address}{query}")
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
            assert_eq!(scrub_message(message), kept);
        }
        assert_eq!(scrub_message(&"é".repeat(9_000)).chars().count(), MAX_CHARACTERS);
    }
}
