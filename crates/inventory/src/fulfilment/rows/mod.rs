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

pub use carriers::{MAX_CARRIERS, carrier_by_code, carriers, carriers_by_id, put_carrier};
pub use list::{
    ListedTest, NumberOf, OrderTest, WORKS, WorkTest, WorkTests, count_by_status, head_keys, is_late_at, page, passes, source,
};
pub use load::{
    GoodsName, WorkLocation, barred, goods_names, heads, heads_of, orders_without_works, work_locations, works, works_of,
};
pub use order_facts::{OrderFacts, names_of_store, order_facts};
pub use parcel_lots::{lot_codes, lots_by_code, packed_lots};
pub use parcels::{ParcelLocation, parcel_location, parcels_of};
pub use ready_settings::{put_ready_setting, ready_setting, ready_terms};
pub use waves::{
    WAVES, WaveSort, WaveTest, WavesSorted, closed_wave, new_wave, wave, wave_page, wave_source, waves_of_works, works_for_wave,
    works_in_waves, works_of_waves,
};
pub use write::{arrived_rows, barred_rows, line_rows, work_rows};
