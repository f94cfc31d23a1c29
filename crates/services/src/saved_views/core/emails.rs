//! The e-mails of schedules.

use entity::prelude::*;
use platform::markup::escaped;

use super::{
    View,
    schedule::{MOST_FAILED_RUNS, MOST_MAIL_BYTES, Schedule, ending},
};

/// What an e-mail says, without its attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The e-mail with a table of so many rows and bytes, and perhaps a chart beside it.
pub fn written(tenant: &str, view: &View, table: (usize, usize), format: TableFormat, has_chart: bool) -> Written {
    let (rows, bytes) = table;
    let (name, slug) = (&view.fields.name, &view.fields.slug);
    let count = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    let mut what = if bytes <= MOST_MAIL_BYTES {
        format!("The saved view {name} of {tenant} is attached: {count}.")
    } else {
        let most = MOST_MAIL_BYTES >> 20;
        let address = format!("/views/{slug}.{}", ending(format));
        format!(
            "The saved view {name} of {tenant} is too large for an e-mail: {count} of more than {most} MiB. Read it at {address} with a key."
        )
    };
    if has_chart {
        what.push_str(&format!(" Its chart is attached as {slug}.svg."));
    }
    letter(&format!("{name} of {tenant}"), &what, "You get this e-mail because a schedule of your company names you.")
}

/// The e-mail to the owner of a schedule that has stopped.
pub fn stopped(tenant: &str, view: &View, schedule: &Schedule) -> Written {
    let name = &view.fields.name;
    let how = match schedule.status {
        ScheduleStatus::Broken => format!("{MOST_FAILED_RUNS} runs in a row have failed"),
        ScheduleStatus::Active | ScheduleStatus::Paused => "it cannot be sent with your rights of now".to_owned(),
    };
    let why = schedule.last_error.as_deref().unwrap_or("nothing more is known");
    let what = format!("A schedule of the saved view {name} of {tenant} has stopped: {how}. The last error: {why}.");
    letter(&format!("{name} of {tenant} is not sent any more"), &what, "You set this schedule. Set it again to let it run.")
}

/// A letter of two paragraphs, whose texts cannot write into it.
fn letter(subject: &str, what: &str, last: &str) -> Written {
    let subject: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n<p>{}</p>\n<p>{last}</p>\n</body></html>\n",
        escaped(&subject),
        escaped(what)
    );
    Written { subject, text: format!("{what}\n\n{last}\n"), html }
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
        let small = written("Mugs\r\n& Co", &view, (1, 10), TableFormat::Csv, false);
        assert_eq!(small.subject, "<b>Low</b> of Mugs  & Co");
        assert!(small.text.contains("is attached: 1 row.") && small.html.contains("&lt;b&gt;Low&lt;/b&gt;"), "{small:?}");
        assert!(!small.text.contains("chart"), "{small:?}");
        let large = written("Mugs", &view, (9, MOST_MAIL_BYTES + 1), TableFormat::Jsonl, true);
        assert!(large.text.contains("too large") && large.text.contains("/views/low.jsonl"), "{large:?}");
        assert!(large.text.contains("chart is attached as low.svg"), "{large:?}");
    }
}
