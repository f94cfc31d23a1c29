//! Rows of works, parcels and carriers.

mod carriers;
mod list;
mod load;
mod order_facts;
mod parcel_lots;
mod parcels;
mod ready_settings;
mod waves;
mod write;

pub use carriers::{MAX_CARRIERS, find_carrier_by_code, load_carriers, load_carriers_by_id, put_carrier};
pub use list::{
    ListOnlyTest, OrderOrWorkNumber, OrderTest, WORKS, WorkTest, WorkTests, count_by_status, head_keys, is_late_at,
    load_work_page, passes, works_source,
};
pub use load::{
    GoodsName, WorkLocation, goods_names, load_heads, load_heads_of_orders, load_store_refusals, load_works,
    load_works_of_orders, orders_without_works, work_locations,
};
pub use order_facts::{OrderFacts, names_of_store, order_facts};
pub use parcel_lots::{lot_codes, lots_by_code, packed_lots};
pub use parcels::{ParcelLocation, load_parcels, parcel_location};
pub use ready_settings::{load_ready_setting, load_ready_terms, put_ready_setting};
pub use waves::{
    WAVES, WaveOrder, WaveSort, WaveTest, closed_wave, load_wave, new_wave, wave_page, wave_source, waves_of_works,
    works_for_wave, works_in_waves, works_of_waves,
};
pub use write::{arrived_rows, line_rows, store_refusal_rows, work_rows};
