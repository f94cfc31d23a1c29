//! Preferences that people set for themselves. Pure.

/// A language tag as people use them, in its usual spelling: `en`, `en-GB`, `zh-Hant-TW`, `es-419` (RFC 5646 without variants and extensions).
pub fn locale(text: &str) -> Option<String> {
    let mut parts = text.trim().split(['-', '_']).peekable();
    let is_alphabetic = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let language = parts.next().filter(|part| (2..=3).contains(&part.len()) && is_alphabetic(part))?;
    let mut tag = language.to_ascii_lowercase();
    if let Some(script) = parts.next_if(|part| part.len() == 4 && is_alphabetic(part)) {
        tag.push('-');
        tag.push_str(&script[..1].to_ascii_uppercase());
        tag.push_str(&script[1..].to_ascii_lowercase());
    }
    let is_region = |part: &str| {
        (part.len() == 2 && is_alphabetic(part)) || (part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if let Some(region) = parts.next_if(|part| is_region(part)) {
        tag.push('-');
        tag.push_str(&region.to_ascii_uppercase());
    }
    parts.next().is_none().then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_spelt_the_usual_way() {
        for (said, tag) in
            [("en", "en"), ("EN_gb", "en-GB"), ("zh-hant-tw", "zh-Hant-TW"), (" es-419 ", "es-419"), ("fil", "fil")]
        {
            assert_eq!(locale(said).as_deref(), Some(tag), "{said}");
        }
        for junk in ["", "e", "english", "en-", "en-GB-oed", "en GB", "1n", "en-G1", "é-FR", "en-éé"] {
            assert_eq!(locale(junk), None, "{junk}");
        }
    }
}
