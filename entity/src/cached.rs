//! Rows that nodes remember outside the database: what each weighs.

use std::mem::size_of_val;

use serde::{Serialize, de::DeserializeOwned};

use crate::{category, store, supplier};

/// A row that nodes can cache. Its serialised form must hold all of its fields.
pub trait CachedEntity: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Whether nodes share it through Redis. The key there is the row's ID alone, so each row may
    /// have only one form.
    const IS_SHARED: bool = true;

    /// About how many bytes it takes in memory.
    fn weight(&self) -> usize;
}

impl CachedEntity for store::Model {
    fn weight(&self) -> usize {
        let texts = [&self.address, &self.payment_terms].into_iter().flatten().map(String::len).sum::<usize>();
        let lists = self.contacts.len() + self.tax_ids.len() + self.handling_time.len() + self.anomaly_limits.len();
        size_of_val(self) + self.code.len() + self.code_key.len() + self.name.len() + self.time_zone.len() + texts + lists
    }
}

impl CachedEntity for category::Model {
    fn weight(&self) -> usize {
        let texts = [&self.image_url, &self.description, &self.seo_title, &self.seo_description];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        size_of_val(self) + self.name.len() + self.slug.len() + self.metadata.len() + texts
    }
}

impl CachedEntity for supplier::Model {
    fn weight(&self) -> usize {
        let texts = [&self.email, &self.address, &self.payment_terms, &self.minimum_order_currency, &self.calendar];
        let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
        let lists = self.contacts.len() + self.tax_ids.len();
        size_of_val(self) + self.code.len() + self.code_key.len() + self.name.len() + texts + lists
    }
}
