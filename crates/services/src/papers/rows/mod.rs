//! Rows of papers, invoices and the companies that issue them.

mod entities;
mod invoice_list;
mod invoices;
mod papers;
mod settings;

pub use entities::{
    change_entity, entities, entity, entity_of_store, find_existing_stores, insert_entity, last_day, set_stores,
    store_last_number,
};
pub use invoice_list::{InvoiceSearch, InvoiceSort, InvoiceTest, InvoicesSorted, invoices_page, invoices_source};
pub use invoices::{
    books_currency, credited_quantities, credited_sums, insert_invoice, invoice, invoiced_amounts, invoices_of, open_lines,
    seal_lines, store_facts,
};
pub use papers::{PaperTest, by_id, insert, latest_of, of_documents, of_orders, page, tenant_name};
pub use settings::{GoodsSource, Settings, change_settings, goods_details, settings};
