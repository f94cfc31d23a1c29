//! Design of a tenant's papers, and the tenant's own texts on them.

use entity::prelude::*;
use inventory::catalog::core::Patch;
use platform::stages::{Stage, Staged};
use serde::{Deserialize, Serialize};

use super::{pdf::is_printable, placeholder::Placeholder};

/// Maximum lines of a sender, and characters of a line.
pub const MAX_SENDER_LINES: usize = 6;
pub const MAX_LINE: usize = 200;
/// Maximum characters of a header and of a footer, and line ends in one.
pub const MAX_TEXT: usize = 500;
pub const MAX_LINE_BREAKS: usize = 8;
/// Maximum characters of a text of a kind of paper.
pub const MAX_KIND_TEXT: usize = 2_000;
/// Maximum days from an invoice to its due day.
pub const MAX_DAYS: i32 = 365;

/// An optional column about goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GoodsColumn {
    Sku,
    Barcode,
    Unit,
}

/// A text that is printed on the papers of a kind, with placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindText {
    pub kind: PaperKind,
    pub text: String,
}

/// Properties of a logo without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoFacts {
    pub width: u32,
    pub height: u32,
    /// SHA-256 of the printed picture, in hexadecimal digits.
    pub sha256: String,
}

/// Design of a tenant's papers. The database has it as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DesignSettings {
    /// Default language of papers.
    pub locale: PaperLocale,
    /// Lines that replace the tenant's name.
    pub sender: Vec<String>,
    pub header: Option<String>,
    pub footer: Option<String>,
    /// As in `#2563eb`.
    pub accent: Option<String>,
    pub payment_days: Option<i32>,
    pub columns: Vec<GoodsColumn>,
    pub texts: Vec<KindText>,
    pub logo: Option<LogoFacts>,
}

impl Default for DesignSettings {
    fn default() -> Self {
        Self {
            locale: PaperLocale::English,
            sender: Vec::new(),
            header: None,
            footer: None,
            accent: None,
            payment_days: None,
            columns: vec![GoodsColumn::Sku],
            texts: Vec::new(),
            logo: None,
        }
    }
}

/// Changes of the design, without the logo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DesignChanges {
    pub locale: Patch<PaperLocale>,
    pub sender: Patch<Vec<String>>,
    pub header: Patch<String>,
    pub footer: Patch<String>,
    pub accent: Patch<String>,
    pub payment_days: Patch<i32>,
    pub columns: Patch<Vec<GoodsColumn>>,
    pub texts: Patch<Vec<KindText>>,
}

/// Field of a look, in the API's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DesignField {
    SenderLines,
    SenderLine(usize),
    Header,
    Footer,
    Accent,
    PaymentDays,
    Columns,
    TextKind(usize),
    Text(usize),
}

/// Problem of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DesignFieldError {
    Missing,
    Invalid(&'static str),
    /// The entry is repeated.
    Repeated(&'static str),
    /// In characters or lines.
    TooLong(usize),
    OutOfRange(i32, i32),
    /// The fonts of PDFs lack a character of the text.
    Unprintable,
    /// The text between the braces is no placeholder of the kind.
    Placeholder {
        found: String,
        kind: PaperKind,
    },
    /// A text has the placeholder of the due day, and the look has no payment days.
    NoDays,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesignProblem {
    pub field: DesignField,
    pub fault: DesignFieldError,
}

impl Staged for DesignProblem {
    fn stage(&self) -> Stage {
        match self.fault {
            DesignFieldError::Missing
            | DesignFieldError::Invalid(_)
            | DesignFieldError::TooLong(_)
            | DesignFieldError::Unprintable
            | DesignFieldError::Placeholder { .. } => Stage::Shape,
            DesignFieldError::Repeated(_) | DesignFieldError::OutOfRange(..) | DesignFieldError::NoDays => Stage::Value,
        }
    }
}

fn apply_patch<T>(patch: Patch<T>, cleared: T, field: &mut T) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *field = cleared,
        Patch::Set(value) => *field = value,
    }
}

impl DesignSettings {
    /// Returns the design after the changes.
    #[must_use]
    pub fn with(mut self, changes: DesignChanges) -> Self {
        let DesignChanges { locale, sender, header, footer, accent, payment_days, columns, texts } = changes;
        let none = Self::default();
        apply_patch(locale, none.locale, &mut self.locale);
        apply_patch(sender, none.sender, &mut self.sender);
        header.apply(&mut self.header);
        footer.apply(&mut self.footer);
        accent.apply(&mut self.accent);
        payment_days.apply(&mut self.payment_days);
        apply_patch(columns, none.columns, &mut self.columns);
        apply_patch(texts, none.texts, &mut self.texts);
        self
    }

    /// Returns the text of a kind of paper.
    pub fn text(&self, kind: PaperKind) -> Option<&str> {
        self.texts.iter().find(|text| text.kind == kind).map(|text| text.text.as_str())
    }

    pub fn shows(&self, column: GoodsColumn) -> bool {
        self.columns.contains(&column)
    }

    /// Returns all faults of the look.
    pub fn problems(&self) -> Vec<DesignProblem> {
        let mut look_problems = Vec::new();
        let mut add_problem = |field: DesignField, fault: Option<DesignFieldError>| {
            look_problems.extend(fault.map(|fault| DesignProblem { field, fault }));
        };
        let has_many_lines = self.sender.len() > MAX_SENDER_LINES;
        add_problem(DesignField::SenderLines, has_many_lines.then_some(DesignFieldError::TooLong(MAX_SENDER_LINES)));
        for (index, line) in self.sender.iter().enumerate().take(MAX_SENDER_LINES) {
            add_problem(DesignField::SenderLine(index), text_error(line, (MAX_LINE, 0)));
        }
        for (field, text) in [(DesignField::Header, &self.header), (DesignField::Footer, &self.footer)] {
            add_problem(field, text.as_deref().and_then(|text| text_error(text, (MAX_TEXT, MAX_LINE_BREAKS))));
        }
        let is_odd = !self.accent.as_deref().is_none_or(is_colour);
        let colour = DesignFieldError::Invalid("# and six hexadecimal digits are expected, as in #2563eb");
        add_problem(DesignField::Accent, is_odd.then_some(colour));
        let is_far = self.payment_days.is_some_and(|days| !(0..=MAX_DAYS).contains(&days));
        add_problem(DesignField::PaymentDays, is_far.then_some(DesignFieldError::OutOfRange(0, MAX_DAYS)));
        let lacks_days = self.payment_days.is_none() && self.texts.iter().any(has_due_day);
        add_problem(DesignField::PaymentDays, lacks_days.then_some(DesignFieldError::NoDays));
        let is_twice = self.columns.iter().enumerate().any(|(at, column)| self.columns[..at].contains(column));
        add_problem(DesignField::Columns, is_twice.then_some(DesignFieldError::Repeated("each column is expected once")));
        for (index, KindText { kind, text }) in self.texts.iter().enumerate() {
            let is_twice = self.texts[..index].iter().any(|other| other.kind == *kind);
            let repeated = DesignFieldError::Repeated("one text is expected for each kind of paper");
            add_problem(DesignField::TextKind(index), is_twice.then_some(repeated));
            add_problem(DesignField::Text(index), text_fault(*kind, text));
        }
        look_problems
    }
}

fn text_fault(kind: PaperKind, text: &str) -> Option<DesignFieldError> {
    if text.trim().is_empty() {
        return Some(DesignFieldError::Missing);
    }
    let unknown = || Placeholder::parse_placeholders(text, kind).err().map(|found| DesignFieldError::Placeholder { found, kind });
    text_error(text, (MAX_KIND_TEXT, MAX_KIND_TEXT)).or_else(unknown)
}

fn has_due_day(KindText { kind, text }: &KindText) -> bool {
    Placeholder::parse_placeholders(text, *kind).is_ok_and(|used| used.contains(&Placeholder::DueDate))
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// Returns the problem of a text that is not plain, too long or not printable.
fn text_error(text: &str, (limit, max_breaks): (usize, usize)) -> Option<DesignFieldError> {
    if text.chars().nth(limit).is_some() {
        return Some(DesignFieldError::TooLong(limit));
    }
    let is_plain = |c: char| c == '\n' && max_breaks > 0 || !c.is_control();
    if text.trim().is_empty() || !text.chars().all(is_plain) {
        return Some(DesignFieldError::Invalid("a text without control characters is expected"));
    }
    if text.matches('\n').count() > max_breaks {
        return Some(DesignFieldError::Invalid("fewer lines are expected"));
    }
    if has_markup(text) {
        return Some(DesignFieldError::Invalid("a plain text is expected: markup is not taken"));
    }
    (!is_printable(text)).then_some(DesignFieldError::Unprintable)
}

/// Whether a text seems to have HTML tags, which would be printed literally.
fn has_markup(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| {
        let next = text[at + 1..].chars().next();
        next.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the only fault of a look.
    fn fault(design: &DesignSettings) -> Option<(DesignField, DesignFieldError)> {
        let mut found = design.problems();
        assert!(found.len() < 2, "{found:?}");
        found.pop().map(|problem| (problem.field, problem.fault))
    }

    fn text(kind: PaperKind, text: &str) -> DesignSettings {
        DesignSettings { texts: vec![KindText { kind, text: text.to_owned() }], ..DesignSettings::default() }
    }

    #[test]
    fn a_text_is_plain_and_has_the_placeholders_of_its_kind() {
        assert_eq!(fault(&text(PaperKind::OrderConfirmation, "Thanks for {{order.number}} < 3 {{ total }}")), None);
        let found =
            |found: &str, kind| Some((DesignField::Text(0), DesignFieldError::Placeholder { found: found.to_owned(), kind }));
        for (kind, written, name) in [
            (PaperKind::PickingList, "{{total}}", "total"),
            (PaperKind::Invoice, "{{customer.secret}}", "customer.secret"),
            (PaperKind::Invoice, "{{#if x}}", "#if x"),
            (PaperKind::Invoice, "{{total", "total"),
        ] {
            assert_eq!(fault(&text(kind, written)), found(name, kind), "{written}");
        }
        for written in ["<b>bold</b>", "a <!-- b", "</p>", "\u{7}"] {
            assert!(
                matches!(fault(&text(PaperKind::Invoice, written)), Some((DesignField::Text(0), DesignFieldError::Invalid(_)))),
                "{written}"
            );
        }
        assert_eq!(fault(&text(PaperKind::Invoice, " ")), Some((DesignField::Text(0), DesignFieldError::Missing)));
        assert_eq!(fault(&text(PaperKind::Invoice, "有難う")), Some((DesignField::Text(0), DesignFieldError::Unprintable)));
    }

    #[test]
    fn a_due_day_needs_days_to_pay() {
        let due = text(PaperKind::Invoice, "Due on {{due.date}}");
        assert_eq!(fault(&due), Some((DesignField::PaymentDays, DesignFieldError::NoDays)));
        assert_eq!(fault(&DesignSettings { payment_days: Some(14), ..due.clone() }), None);
        assert_eq!(
            fault(&DesignSettings { payment_days: Some(366), ..due }),
            Some((DesignField::PaymentDays, DesignFieldError::OutOfRange(0, 365)))
        );
    }

    #[test]
    fn what_is_left_out_stays_and_null_is_the_default() {
        let first = DesignChanges {
            accent: Patch::Set("#2563eb".to_owned()),
            columns: Patch::Set(Vec::new()),
            ..DesignChanges::default()
        };
        let design = DesignSettings::default().with(first);
        assert_eq!((design.accent.as_deref(), design.shows(GoodsColumn::Sku), fault(&design)), (Some("#2563eb"), false, None));
        let second = DesignChanges { columns: Patch::Clear, ..DesignChanges::default() };
        let design = design.with(second);
        assert_eq!((design.accent.as_deref(), design.columns.as_slice()), (Some("#2563eb"), [GoodsColumn::Sku].as_slice()));
        for accent in ["red", "#25", "#2563eg", "2563eb#", "#2563eb1"] {
            let design = DesignSettings { accent: Some(accent.to_owned()), ..DesignSettings::default() };
            assert!(matches!(fault(&design), Some((DesignField::Accent, _))), "{accent}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_the_form_first() {
        let design = DesignSettings {
            sender: vec!["Mugs Ltd".to_owned(), " ".to_owned()],
            accent: Some("red".to_owned()),
            payment_days: Some(-1),
            columns: vec![GoodsColumn::Sku, GoodsColumn::Sku],
            ..text(PaperKind::Invoice, "{{total")
        };
        let fields = |problems: Vec<DesignProblem>| problems.into_iter().map(|problem| problem.field).collect::<Vec<_>>();
        let form = [DesignField::SenderLine(1), DesignField::Accent, DesignField::Text(0)];
        assert_eq!(fields(platform::stages::keep_earliest(design.problems())), form);
        let figures = DesignSettings { sender: Vec::new(), accent: None, texts: Vec::new(), ..design };
        assert_eq!(fields(figures.problems()), [DesignField::PaymentDays, DesignField::Columns]);
    }
}
