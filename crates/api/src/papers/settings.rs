//! Look of a tenant's papers: its types and inputs in the API.

use async_graphql::{Enum, ID, InputObject, MaybeUndefined, SimpleObject};
use entity::prelude;
use macros::resolvers;
use platform::path;
use services::{
    files::LogoError,
    papers::{
        core::{self, DesignChanges, DesignField, DesignFieldError, DesignProblem, KindText, Placeholder, page, sample},
        rows::Settings,
        shell::{SettingsRefusal, SettingsSet},
    },
};

use super::{PaperKind, PaperLocale};
use crate::{
    files,
    graphql::{
        fault::TopError,
        reading::{InputErrors, patch},
        refusal::{ErrorCode, Path, UserError},
        scalars::{DateTime, Long},
    },
};

/// Column about goods on papers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "core::GoodsColumn")]
pub enum PaperColumn {
    /// SKU, as it was when the document was created.
    Sku,
    /// First barcode of the product, as it is now.
    Barcode,
    /// Code of the product's unit.
    Unit,
}

/// Text that is printed on all papers of a kind.
#[derive(Debug, Clone, SimpleObject)]
pub struct PaperText {
    /// Kind of the papers.
    pub kind: PaperKind,
    /// Text, in which placeholders such as {{document.number}} are replaced by values of the document.
    pub text: String,
}

/// Logo on papers, as it is printed.
#[derive(Debug, Clone, SimpleObject)]
pub struct PaperLogo {
    /// Width, in pixels, from 1 to 600.
    pub width: i32,
    /// Height, in pixels, from 1 to 200.
    pub height: i32,
    /// SHA-256 over the bytes of the printed picture, as 64 hexadecimal digits.
    pub sha256: String,
}

/// A look's row.
pub struct PaperSettings(Settings);

impl From<Settings> for PaperSettings {
    fn from(settings: Settings) -> Self {
        Self(settings)
    }
}

/// Settings of the tenant's papers: their language, logo, texts and columns.
#[resolvers]
impl PaperSettings {
    /// Language of papers for which no other one is asked.
    async fn locale(&self) -> PaperLocale {
        self.0.design.locale.into()
    }
    /// Lines that are printed in place of the tenant's name, at most 6; empty for the name. Invoices and credit notes have the legal entity.
    async fn sender_lines(&self) -> &[String] {
        &self.0.design.sender
    }
    /// Text above the title of papers. Null when there is none.
    async fn header(&self) -> Option<&str> {
        self.0.design.header.as_deref()
    }
    /// Text at the end of papers, and at the bottom of each page of a PDF. Null when there is none.
    async fn footer(&self) -> Option<&str> {
        self.0.design.footer.as_deref()
    }
    /// Colour of the line below the title, as in #2563eb. Null when there is no line.
    async fn accent(&self) -> Option<&str> {
        self.0.design.accent.as_deref()
    }
    /// Days from the issue of an invoice to {{due.date}}, from 0 to 365, where the payment terms of the customer have none. Null when no days are set.
    async fn payment_days(&self) -> Option<i32> {
        self.0.design.payment_days
    }
    /// Columns about goods that papers have beside those of their kind.
    async fn columns(&self) -> Vec<PaperColumn> {
        self.0.design.columns.iter().map(|column| (*column).into()).collect()
    }
    /// Texts that are printed below the tables of papers, at most one for each kind.
    async fn texts(&self) -> Vec<PaperText> {
        let text = |text: &KindText| PaperText { kind: text.kind.into(), text: text.text.clone() };
        self.0.design.texts.iter().map(text).collect()
    }
    /// Logo above the title. Null when there is none.
    async fn logo(&self) -> Option<PaperLogo> {
        let logo = self.0.design.logo.as_ref()?;
        Some(PaperLogo { width: logo.width as i32, height: logo.height as i32, sha256: logo.sha256.clone() })
    }
    /// Names of the placeholders that a text for papers of a kind may have, without the braces.
    async fn placeholders(&self, #[graphql(desc = "Kind of the papers.")] kind: PaperKind) -> Vec<&'static str> {
        Placeholder::names(kind.into())
    }
    /// HTML page of a paper of an invented document, with these settings: with validateOnly a preview.
    async fn sample(
        &self,
        #[graphql(desc = "Kind of the paper.")] kind: PaperKind,
        #[graphql(desc = "Language of the paper. Null for that of the settings.")] locale: Option<PaperLocale>,
    ) -> String {
        let design = &self.0.design;
        let locale = locale.map_or(design.locale, Into::into);
        page(&sample(design, logo_with_bytes(&self.0), kind.into(), locale))
    }
    /// Version of the settings: 0 before they are set, +1 for each change.
    async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change. Null before the first.
    async fn updated_at(&self) -> Option<DateTime> {
        self.0.updated_at.map(DateTime)
    }
}

/// The logo with its bytes.
pub(super) fn logo_with_bytes(settings: &Settings) -> Option<core::Logo> {
    let (facts, bytes) = (settings.design.logo.as_ref()?, settings.logo.clone()?);
    Some(core::Logo { bytes, width: facts.width, height: facts.height })
}

/// Text for all papers of a kind.
#[derive(Debug, Clone, InputObject)]
pub struct PaperTextInput {
    /// Kind of the papers.
    pub kind: PaperKind,
    /// Plain text of 1 to 2,000 characters with placeholders in double braces, as in {{document.number}}. Each kind of paper has its own
    /// placeholders, which `PaperSettings.placeholders` lists; others are refused, and so are markup and characters that the fonts of PDFs lack.
    pub text: String,
}

/// Changes of the settings of papers. Fields that are left out stay as they are; null is the default.
#[derive(Debug, Clone, InputObject)]
pub struct PaperSettingsSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Language of papers for which no other one is asked. Null for EN.
    pub locale: MaybeUndefined<PaperLocale>,
    /// ID of a PNG or JPEG file of yours with the purpose IMAGE: at most 1 MiB and 4,000 pixels a side. A copy is kept, reduced to 600 × 200
    /// pixels. Null for no logo.
    pub logo_file_id: MaybeUndefined<ID>,
    /// Lines in place of the tenant's name, at most 6 of 200 characters. Null for the name.
    pub sender_lines: MaybeUndefined<Vec<String>>,
    /// Plain text above the title, 1 to 500 characters in at most 9 lines. Null for none.
    pub header: MaybeUndefined<String>,
    /// Plain text at the end of papers, 1 to 500 characters in at most 9 lines. Null for none.
    pub footer: MaybeUndefined<String>,
    /// Colour of the line below the title: # and six hexadecimal digits. Null for no line.
    pub accent: MaybeUndefined<String>,
    /// Days from the issue of an invoice to {{due.date}}, from 0 to 365, where the payment terms of the customer have none. Null for none.
    pub payment_days: MaybeUndefined<i32>,
    /// Columns about goods beside those of the kind of paper. Null for SKU.
    pub columns: MaybeUndefined<Vec<PaperColumn>>,
    /// Texts of papers, at most one for each kind of paper. Null for none.
    pub texts: MaybeUndefined<Vec<PaperTextInput>>,
}

crate::payload!(PaperSettingsPayload, settings: PaperSettings, "settings of papers");

impl PaperSettingsSetInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> SettingsSet {
        let text = |text: PaperTextInput| KindText { kind: text.kind.into(), text: text.text };
        SettingsSet {
            idempotency_key: self.idempotency_key,
            expected_version: self.expected_version.map(|version| version.0),
            changes: DesignChanges {
                locale: patch(self.locale, prelude::PaperLocale::from),
                sender: patch(self.sender_lines, |lines| lines),
                header: patch(self.header, |text| text),
                footer: patch(self.footer, |text| text),
                accent: patch(self.accent, |text| text.to_lowercase()),
                payment_days: patch(self.payment_days, |days| days),
                columns: patch(self.columns, |columns| columns.into_iter().map(Into::into).collect()),
                texts: patch(self.texts, |texts| texts.into_iter().map(text).collect()),
            },
            logo: patch(self.logo_file_id, |id| reader.id(&id, || path!["input", "logoFileId"])),
        }
    }
}

fn input_path(name: &str) -> Path {
    path!["input", name]
}

/// Converts a refusal to a user error; unreachable file storage is a top-level error.
pub(super) fn settings_error(refusal: SettingsRefusal) -> Result<UserError, TopError> {
    Ok(match refusal {
        SettingsRefusal::BadKey(reason) => UserError::invalid_key(reason, input_path("idempotencyKey")),
        SettingsRefusal::KeyReused => UserError::key_reused(input_path("idempotencyKey")),
        SettingsRefusal::Stale(actual) => UserError::stale(
            format!("the settings have changed since you read them and are at version {actual} now"),
            input_path("expectedVersion"),
            actual,
            None,
        ),
        SettingsRefusal::Design(problem) => design_error(problem),
        SettingsRefusal::Logo(LogoError::File(error)) => files::refuse(error, input_path("logoFileId"))?,
        SettingsRefusal::Logo(LogoError::NotDrawn) => {
            UserError::new(ErrorCode::Invalid, "a PNG or JPEG picture that can be drawn is expected", input_path("logoFileId"))
        }
        SettingsRefusal::Logo(LogoError::TooManyPixels { most: limit }) => {
            let message = format!("a logo has at most {limit} pixels a side: make it smaller");
            UserError::new(ErrorCode::LimitExceeded, message, input_path("logoFileId"))
        }
    })
}

fn design_error(DesignProblem { field, fault }: DesignProblem) -> UserError {
    let field_path = match field {
        DesignField::SenderLines => input_path("senderLines"),
        DesignField::SenderLine(index) => path!["input", "senderLines", index],
        DesignField::Header => input_path("header"),
        DesignField::Footer => input_path("footer"),
        DesignField::Accent => input_path("accent"),
        DesignField::PaymentDays => input_path("paymentDays"),
        DesignField::Columns => input_path("columns"),
        DesignField::TextKind(index) => path!["input", "texts", index, "kind"],
        DesignField::Text(index) => path!["input", "texts", index, "text"],
    };
    let (code, message) = match fault {
        DesignFieldError::Missing => (ErrorCode::Required, "a text is needed".to_owned()),
        DesignFieldError::Invalid(message) | DesignFieldError::Repeated(message) => (ErrorCode::Invalid, message.to_owned()),
        DesignFieldError::TooLong(limit) => (ErrorCode::TooLong, format!("at most {limit} are taken")),
        DesignFieldError::OutOfRange(least, limit) => (ErrorCode::OutOfRange, format!("{least} to {limit} are expected")),
        DesignFieldError::Unprintable => {
            (ErrorCode::Invalid, "PDFs lack a character of this text: they have Latin, Greek and Cyrillic letters".to_owned())
        }
        DesignFieldError::Placeholder { found, kind } => {
            let placeholder_names =
                Placeholder::names(kind).iter().map(|name| format!("{{{{{name}}}}}")).collect::<Vec<_>>().join(", ");
            (
                ErrorCode::Invalid,
                format!("{{{{{found}}}}} is no placeholder of papers of the kind {kind}, which are {placeholder_names}"),
            )
        }
        DesignFieldError::NoDays => {
            (ErrorCode::Required, "days are needed for {{due.date}}: set paymentDays, or leave the placeholder out".to_owned())
        }
    };
    UserError::new(code, message, field_path)
}
