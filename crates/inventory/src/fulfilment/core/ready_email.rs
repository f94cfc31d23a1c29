//! The e-mail that tells a customer that goods can be collected.

use entity::prelude::*;
use platform::markup::escape_markup;

/// Contents of an e-mail about goods that are ready for collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyGoods {
    pub tenant: String,
    pub store: String,
    /// Number of the order, as printed.
    pub number: String,
    /// Pickup code that the customer gives to get the goods.
    pub code: String,
    /// Additional lines of the store, or of the tenant.
    pub more: Option<String>,
}

/// An e-mail's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyText {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The e-mail about goods that are ready, in a language.
pub fn ready_email(locale: PaperLocale, goods: &ReadyGoods) -> ReadyText {
    let ReadyGoods { tenant, store, number, code, more } = goods;
    let (tag, subject, lines) = match locale {
        PaperLocale::English => (
            "en",
            format!("Your order {number} is ready to collect"),
            [format!("Your order {number} from {tenant} is ready to collect at {store}."), format!("Your code: {code}")],
        ),
        PaperLocale::German => (
            "de",
            format!("Ihre Bestellung {number} liegt bereit"),
            [format!("Ihre Bestellung {number} bei {tenant} liegt zur Abholung bereit: {store}."), format!("Ihr Code: {code}")],
        ),
        PaperLocale::French => (
            "fr",
            format!("Votre commande {number} est prête"),
            [
                format!("Votre commande {number} chez {tenant} est prête à être retirée : {store}."),
                format!("Votre code : {code}"),
            ],
        ),
    };
    let subject = strip_control_chars(&subject);
    let more: Vec<String> =
        more.iter().flat_map(|more| more.lines()).map(strip_control_chars).filter(|line| !line.trim().is_empty()).collect();
    let paragraphs =
        lines.iter().chain(&more).fold(String::new(), |html, line| html + "<p>" + escape_markup(line).as_str() + "</p>\n");
    let html = format!(
        "<!doctype html>\n<html lang=\"{tag}\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{paragraphs}</body></html>\n",
        escape_markup(&subject)
    );
    let more = more.iter().fold(String::new(), |text, line| text + "\n" + line.as_str() + "\n");
    ReadyText { text: format!("{}\n\n{}\n{more}", strip_control_chars(&lines[0]), strip_control_chars(&lines[1])), subject, html }
}

/// Replaces control characters with spaces, so that names add no lines.
fn strip_control_chars(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_says_the_number_the_store_and_the_code() {
        let goods = ReadyGoods {
            tenant: "Alpha".to_owned(),
            store: "Leeds <1>\nBcc: x".to_owned(),
            number: "SO-000007".to_owned(),
            code: "042137".to_owned(),
            more: Some("Bring a <bag>.\n\nOpen until 8.".to_owned()),
        };
        for (locale, tag) in [(PaperLocale::English, "en"), (PaperLocale::German, "de"), (PaperLocale::French, "fr")] {
            let email = ready_email(locale, &goods);
            assert!(email.subject.contains("SO-000007") && !email.subject.contains('\n'), "{}", email.subject);
            assert!(email.text.contains("Leeds <1> Bcc: x") && email.text.contains("042137"), "{}", email.text);
            assert!(email.text.ends_with("\nBring a <bag>.\n\nOpen until 8.\n"), "{}", email.text);
            assert!(email.html.contains("<p>Bring a &lt;bag&gt;.</p>"), "{}", email.html);
            assert!(email.html.contains("Leeds &lt;1&gt;") && email.html.contains(&format!("lang=\"{tag}\"")), "{}", email.html);
        }
    }
}
