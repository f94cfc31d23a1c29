//! Settings of the e-mails to customers whose goods are ready: of the tenant, and of a store, which
//! override the tenant's.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Maximum characters of a setting's own text.
pub const MAX_READY_TEXT_LENGTH: usize = 1_000;

/// Settings of the e-mails; None inherits the next wider setting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReadyTerms {
    /// True if an e-mail is sent unless the call declines it.
    pub is_on: Option<bool>,
    pub locale: Option<PaperLocale>,
    /// Lines below the standard text of each e-mail.
    pub text: Option<String>,
}

/// The terms of the tenant (None), or of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadySetting {
    pub store: Option<StoreId>,
    pub terms: ReadyTerms,
    /// 0 for a setting that was never made.
    pub version: i64,
    pub updated_at: Option<Timestamp>,
}

impl ReadySetting {
    /// Returns the setting of a tenant or a store that has not set anything.
    pub fn unset_for(store: Option<StoreId>) -> Self {
        Self { store, terms: ReadyTerms::default(), version: 0, updated_at: None }
    }
}

/// Options of a call, which override all settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadyOptions {
    pub is_wanted: Option<bool>,
    pub locale: Option<PaperLocale>,
}

impl ReadyTerms {
    /// Returns these terms, with those of `behind` where these are None.
    #[must_use]
    pub fn merge_over(self, behind: Self) -> Self {
        Self { is_on: self.is_on.or(behind.is_on), locale: self.locale.or(behind.locale), text: self.text.or(behind.text) }
    }
    /// Returns the language of the e-mail, or None if none is sent. A call that names a language
    /// requests an e-mail, unless it also declines one.
    pub fn sends_in(&self, options: ReadyOptions) -> Option<PaperLocale> {
        let has_locale = options.locale.is_some().then_some(true);
        let is_requested = options.is_wanted.or(has_locale).or(self.is_on).unwrap_or_default();
        is_requested.then(|| options.locale.or(self.locale).unwrap_or(PaperLocale::English))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(is_on: Option<bool>, locale: Option<PaperLocale>) -> ReadyTerms {
        ReadyTerms { is_on, locale, text: None }
    }

    #[test]
    fn a_store_says_what_it_says_over_the_tenant_and_a_call_over_both() {
        let (german, french) = (Some(PaperLocale::German), Some(PaperLocale::French));
        let tenant = ReadyTerms { text: Some("Bring your papers.".to_owned()), ..terms(Some(true), german) };
        let both = terms(Some(false), None).merge_over(tenant.clone());
        assert_eq!((both.is_on, both.locale, both.text.as_deref()), (Some(false), german, Some("Bring your papers.")));
        let asked = |is_wanted, locale| ReadyOptions { is_wanted, locale };
        for (terms, said, sends_in) in [
            (&both, asked(None, None), None),
            (&both, asked(None, french), french),
            (&both, asked(Some(true), None), german),
            (&tenant, asked(None, None), german),
            (&tenant, asked(Some(false), french), None),
            (&ReadyTerms::default(), asked(None, None), None),
            (&ReadyTerms::default(), asked(Some(true), None), Some(PaperLocale::English)),
        ] {
            assert_eq!(terms.sends_in(said), sends_in, "{terms:?} {said:?}");
        }
    }
}
