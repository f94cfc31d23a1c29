//! A shop beside the replayed retailer: goods, stock and papers of a company on a working day,
//! through the public API.
//!
//! Every call's key is its number, so that an interrupted start resumes: calls that were made are
//! answered again, not repeated.

mod dispatch;
mod goods;
mod office;
mod outlook;
mod papers;
mod past;
mod pictures;
pub(super) mod staff;
mod state;
mod stock;

use serde_json::{Value, json};
use tools::replay::wire::{RequestLabel, request};

use super::error::DemoError;
use state::STORES;

pub use staff::{DemoSite, STAFF};
pub use state::Shop;

/// First number of the calls of the second half: a shop of a version without that half continues
/// with it.
const SECOND_HALF_START: u32 = 1_000;
const IDS: &str = "{ stores(first: 100) { nodes { id code } } suppliers(first: 100) { nodes { id code } } }";

impl Shop<'_> {
    pub async fn set_up(mut self) -> Result<(), DemoError> {
        println!("Shop      a depot and three shops are set up in addition to the data …");
        self.refill().await?;
        self.create_stores().await?;
        self.catalogue().await?;
        self.stock_up().await?;
        self.buy().await?;
        self.transfer().await?;
        self.sell().await?;
        self.count().await?;
        self.set_up_monitoring().await
    }

    /// People, invoices, plans, pictures and orders that were sent, of a shop that is furnished.
    pub async fn complete(mut self, site: &DemoSite<'_>) -> Result<(), DemoError> {
        self.calls = SECOND_HALF_START;
        let data: Value = self.client.send_query(&RequestLabel::new("shop", "stores"), request(IDS, json!({}))?).await?;
        let nodes = ["stores", "suppliers"].into_iter().filter_map(|list_name| data[list_name]["nodes"].as_array()).flatten();
        self.ids = nodes.filter_map(|node| Some((node["code"].as_str()?.to_owned(), node["id"].clone()))).collect();
        self.create_staff(site).await?;
        self.invoice().await?;
        self.supply_best_sellers().await?;
        self.replenish().await?;
        self.plan_liquidation().await?;
        self.upload_pictures(site).await?;
        self.dispatch().await
    }

    async fn create_stores(&mut self) -> Result<(), DemoError> {
        for (code, name, kind, time_zone) in STORES {
            let input = json!({ "code": code, "name": name, "kind": kind, "timeZone": time_zone });
            self.call("storeCreate", "StoreCreateInput", "store { id }", input).await?;
        }
        for (code, name) in [("WEB", "Web shop"), ("TILL", "Tills"), ("TRADE", "Trade customers")] {
            self.call("channelCreate", "ChannelCreateInput", "channel { id }", json!({ "code": code, "name": name })).await?;
        }
        Ok(())
    }
}
