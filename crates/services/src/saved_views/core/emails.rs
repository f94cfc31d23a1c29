//! The e-mails of schedules.

use entity::prelude::*;
use platform::markup::escape_markup;

use super::{
    schedule::{MAX_FAILED_RUNS, MAX_MAIL_BYTES, Schedule, file_extension},
    view::View,
};

/// Content of an e-mail, without its attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailContent {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Writes the e-mail with a table of this many rows and bytes, and a chart if there is one.
pub fn compose_email(tenant: &str, view: &View, table: (usize, usize), format: TableFormat, has_chart: bool) -> EmailContent {
    let (rows, bytes) = table;
    let (name, slug) = (&view.fields.name, &view.fields.slug);
    let count = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    let mut message = if bytes <= MAX_MAIL_BYTES {
        format!("The saved view {name} of {tenant} is attached: {count}.")
    } else {
        let limit = MAX_MAIL_BYTES >> 20;
        let address = format!("/views/{slug}.{}", file_extension(format));
        format!(
            "The saved view {name} of {tenant} is too large for an e-mail: {count} of more than {limit} MiB. Read it at {address} with a key."
        )
    };
    if has_chart {
        message.push_str(&format!(" Its chart is attached as {slug}.svg."));
    }
    compose_paragraphs(
        &format!("{name} of {tenant}"),
        &message,
        "You get this e-mail because a schedule of your company names you.",
    )
}

/// Writes the e-mail to the owner of a schedule that has stopped.
pub fn compose_stopped_email(tenant: &str, view: &View, schedule: &Schedule) -> EmailContent {
    let name = &view.fields.name;
    let cause = match schedule.status {
        ScheduleStatus::Broken => format!("{MAX_FAILED_RUNS} runs in a row have failed"),
        ScheduleStatus::Active | ScheduleStatus::Paused => "your current permissions do not allow it".to_owned(),
    };
    let error = schedule.last_error.as_deref().unwrap_or("unknown");
    let message = format!("A schedule of the saved view {name} of {tenant} has stopped: {cause}. The last error: {error}.");
    compose_paragraphs(
        &format!("{name} of {tenant} is not sent any more"),
        &message,
        "You set this schedule. Set it again to let it run.",
    )
}

/// Writes an e-mail of two paragraphs; the texts are escaped.
fn compose_paragraphs(subject: &str, message: &str, footer: &str) -> EmailContent {
    let subject: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n<p>{}</p>\n<p>{footer}</p>\n</body></html>\n",
        escape_markup(&subject),
        escape_markup(message)
    );
    EmailContent { subject, text: format!("{message}\n\n{footer}\n"), html }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::saved_views::core::{Fields, Variables};

    #[test]
    fn a_name_cannot_write_into_an_e_mail() {
        let view = View {
            id: Id::from_uuid(Uuid::from_u128(2)),
            fields: Fields {
                name: "<b>Low</b>".to_owned(),
                slug: "low".to_owned(),
                document: String::new(),
                variables: Variables::new(),
            },
            cost: 1,
            is_paused: false,
            maker: Actor::SYSTEM,
            readers: None,
            version: 1,
            created_at: Timestamp(1),
            updated_at: Timestamp(1),
        };
        let small = compose_email("Mugs\r\n& Co", &view, (1, 10), TableFormat::Csv, false);
        assert_eq!(small.subject, "<b>Low</b> of Mugs  & Co");
        assert!(small.text.contains("is attached: 1 row.") && small.html.contains("&lt;b&gt;Low&lt;/b&gt;"), "{small:?}");
        assert!(!small.text.contains("chart"), "{small:?}");
        let large = compose_email("Mugs", &view, (9, MAX_MAIL_BYTES + 1), TableFormat::Jsonl, true);
        assert!(large.text.contains("too large") && large.text.contains("/views/low.jsonl"), "{large:?}");
        assert!(large.text.contains("chart is attached as low.svg"), "{large:?}");
    }
}
