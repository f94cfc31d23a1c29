//! All migrations in their order: `Migrator` applies them and `plan` reads them.

/// A migration's name, and its SQL. For those by month (`months::turn`), whose statements are built in Rust: statements that
/// name the same tables.
pub const LIST: &[(&str, &[&str])] = &[
    // Tenants and people, catalogue, the stock ledger, orders and the journal.
    (
        "m0001_foundation",
        &[
            include_str!("m0001/tenants.sql"),
            include_str!("m0001/catalog.sql"),
            include_str!("m0001/stock.sql"),
            include_str!("m0001/orders.sql"),
        ],
    ),
    // Sessions, the tokens that keep them up, the keys that sign, and second factors.
    (
        "m0002_identity",
        &[include_str!("m0002/sessions.sql"), include_str!("m0002/factors.sql"), include_str!("m0002/letters.sql")],
    ),
    // Roles and grants in the place of a member's one role; groups of stores; integrations and their keys.
    ("m0003_access", &[include_str!("m0003/access.sql")]),
    // The keys that fields are sealed under.
    ("m0004_wall", &[include_str!("m0004_wall/secrets.sql")]),
    // The audit log, and settings of a tenant.
    ("m0005_audit", &[include_str!("m0005_audit/audit.sql"), include_str!("m0005_audit/tenancy.sql")]),
    // Limits of a key, addresses it was used from, and the tenant of a sandbox.
    ("m0006_keys", &[include_str!("m0006/keys.sql")]),
    // Search under row-level security: the policies themselves are created after every migration (`row_security`).
    //
    // `@@` is not leak-proof, so Postgres would compare it after the policy only, row by row, and not use the index of
    // words. The function queries the index as the tables' owner, for one tenant, and returns IDs; the rows are then read
    // under the policy.
    ("m0007_row_security", &[include_str!("m0007/search.sql")]),
    // A key for each person of a tenant: destroying the key erases the person's data.
    ("m0008_subjects", &[include_str!("m0008/subjects.sql")]),
    // Invitations, profiles, people who left; how strict a tenant is about passwords; what logins are known by, and how unusual they are.
    ("m0009_people", &[include_str!("m0009/people.sql"), include_str!("m0009/risk.sql")]),
    // Jobs and the workers that hold them.
    ("m0010_jobs", &[include_str!("m0010/jobs.sql")]),
    // Endpoints of webhooks, their pending deliveries, and the results of attempts.
    ("m0011_webhooks", &[include_str!("m0011/webhooks.sql")]),
    // Retention of a tenant's journal: every event with `seq > low_seq` is kept.
    ("m0012_streams", &[include_str!("m0012/streams.sql")]),
    // Totals from which a tenant requires an approval by another member than the requester.
    ("m0014_approval", &[include_str!("m0014/approval.sql")]),
    // Sums of late movements, for levels whose past is queried (docs/decisions/0003).
    ("m0015_history", &[include_str!("m0015/history.sql")]),
    // Numbers of the documents that move stock besides orders and returns.
    ("m0016_documents", &[include_str!("m0016/documents.sql")]),
    // Lots: products that are tracked by them, the lots, and their quantities in stores.
    ("m0017_lots", &[include_str!("m0017/lots.sql")]),
    // Catalogues of suppliers, purchase orders, their deliveries, and returns to suppliers.
    ("m0018_purchasing", &[include_str!("m0018/purchasing.sql")]),
    // Transfers between stores, and stock counts.
    ("m0019_moves", &[include_str!("m0019/transfers.sql"), include_str!("m0019/counts.sql")]),
    // Uploaded and downloaded files, and their jobs: imports and exports.
    ("m0020_files", &[include_str!("m0020/files.sql")]),
    // Version of a tenant's master data, so that rows can be cached outside the database; and the
    // changes of it by themselves.
    ("m0021_cache", &[include_str!("m0021/master.sql")]),
    // Value of stock: pools, layers, postings, and the documents that revalue.
    ("m0022_costing", &[include_str!("m0022/costing.sql")]),
    // Lots on the lines of transfers and counts; kits, and their components.
    ("m0023_lots_and_kits", &[include_str!("m0023/lots.sql"), include_str!("m0023/kits.sql")]),
    // Returns step by step: the requested lines, the received quantities, and the results of inspections.
    ("m0024_returns", &[include_str!("m0024/returns.sql")]),
    // Alerts, their rules and their e-mails. Existing tenants are followed from now on.
    //
    // With row security the tables' owner sees no tenant's counter: it is turned off here, and on again after all
    // migrations.
    ("m0025_alerts", &[include_str!("m0025/alerts.sql")]),
    // Pictures and documents of products, and mutations that are run for each line of a file.
    ("m0026_media", &[include_str!("m0026/bulk.sql"), include_str!("m0026/media.sql")]),
    // Sourcing of orders: the tenant's rule, the settings of its stores, and the choice of a draft.
    ("m0027_sourcing", &[include_str!("m0027/sourcing.sql")]),
    // Barcodes by their GTIN, in fourteen digits; of one that two products had in two lengths, the longest keeps it and the
    // others are found by their original text. The actors that have changed the lines of a purchase order.
    ("m0028_codes", &[include_str!("m0028/codes.sql")]),
    // Number of times in a row that the worker of a job died.
    ("m0030_deaths", &[include_str!("m0030/deaths.sql")]),
    // Migration that a binary has to know to work with the database: one row, or none while every release since this one
    // works.
    ("m0031_compatibility", &[include_str!("m0031/up.sql")]),
    // The session that another one was switched to from.
    ("m0032_switched", &[include_str!("m0032/switched.sql")]),
    // Lines of counts that report zero of a product, beside those of its lots; how damaged goods of a receipt were set
    // aside; and returned goods by their lot.
    ("m0033_stock", &[include_str!("m0033/stock.sql")]),
    // Digest of the request beside each idempotency key, because stored keys depend on the text of the schema; older
    // releases leave it out and work without it. Orders and returns store the country that they were sold to; existing ones
    // take their customers' present country.
    ("m0034_identities", &[include_str!("m0034/identities.sql")]),
    // Indexes for filters of lists: the audit log by the target of an entry, returns by store and
    // by customer.
    ("m0036_lookups", &[include_str!("m0036/lookups.sql")]),
    // On Postgres, the foreign keys whose rows the ledger's plan has just read or writes in the same statement are dropped:
    // fifteen of an order's eighteen, a third of a batch's time. Requests cannot remove the referenced rows (levels,
    // movements, orders, products), and `entrepot verify` proves each.
    ("m0037_checked_by_plan", &[include_str!("m0037/checked_by_plan.sql")]),
    // Rate limits of a single tenant, set by the operator.
    ("m0038_tenant_plan", &[include_str!("m0038/tenant_plan.sql")]),
    // Exchange rates, and the value in the books of a goods receipt in another currency.
    ("m0039_exchange_rates", &[include_str!("m0039/exchange_rates.sql")]),
    // Demand facts: a row a product, store, channel and business day, its weeks, and the days on which levels had stock.
    ("m0044_demand", &[include_str!("m0044/demand.sql")]),
    // Forecasts of weekly demand as they were made, and how they came true.
    ("m0045_forecasts", &[include_str!("m0045/forecasts.sql")]),
    // Copies of the whole deployment into another database: which there are, and how far each is.
    ("m0048_copies", &[include_str!("m0048/copies.sql")]),
    // An index for purchase orders by the reference of their supplier, for any supplier: a scan of a code queries it.
    ("m0049_references", &[include_str!("m0049/references.sql")]),
    // Alerts of transfers that are overdue. SQLite cannot change a CHECK: there alerts, their rules and their e-mails are
    // rebuilt.
    ("m0050_overdue", &[include_str!("m0050/overdue.sql")]),
    // Flagged days of stock anomalies, and the size from which on a tenant wants to see them.
    ("m0051_anomalies", &[include_str!("m0051/anomalies.sql")]),
    // The log of backups and drills.
    ("m0052_backup_runs", &[include_str!("m0052/backup_runs.sql")]),
    // Categories that a user has refused for a product, so that they are not suggested again.
    ("m0054_product_text", &[include_str!("m0054/product_text.sql")]),
    // Orders that change after they were placed: how a line's discount and tax were stated, details of an order beside its
    // lines, and its steps.
    ("m0056_order_edits", &[include_str!("m0056/order_edits.sql")]),
    // Holds on an order, each lifted by its ID, and their kinds in the order's own row.
    ("m0057_holds", &[include_str!("m0057/holds.sql")]),
    // Payments of orders as facts that are only added, and their sums and statuses in the order's own row.
    ("m0058_payments", &[include_str!("m0058/payments.sql")]),
    // Carriers, works of orders store by store with their lines and parcels, and stores that would not send an order's line.
    ("m0059_fulfilment", &[include_str!("m0059/fulfilment.sql")]),
    // Roles that tenants made and that may ship orders may do the works of those stores from now on. Default roles are in `policies/roles.csv`.
    ("m0060_fulfilment_roles", &[include_str!("m0060/fulfilment_roles.sql")]),
    // Reversals of documents; a movement of a document may be reversed in several parts.
    ("m0061_reversals", &[include_str!("m0061/reversals.sql")]),
    // Keys of persons' histories, and the order in which the history of an object is read from the audit log.
    ("m0062_history", &[include_str!("m0062/history.sql")]),
    // Notes on objects, the texts that they had before, and the members whom they mention.
    ("m0063_notes", &[include_str!("m0063/notes.sql")]),
    // Purchase orders after they were ordered: the supplier's confirmations, the day by the lead
    // time, revisions and cancelled lines.
    ("m0064_purchase_amendments", &[include_str!("m0064/amendments.sql")]),
    // Policies by which stock is replenished, plans with their lines, and the errors that forecasts of lead times rest on.
    ("m0065_replenishment", &[include_str!("m0065/replenishment.sql")]),
    // An index for orders that are not done: the dashboard counts them, and most orders are done.
    ("m0066_open_orders", &[include_str!("m0066/open_orders.sql")]),
    // Categories, suppliers and channels that are archived, and their changes in the index that
    // `cache` follows.
    ("m0067_archive", &[include_str!("m0067/archive.sql")]),
    // Criteria of dead stock, and plans of its liquidation.
    ("m0068_liquidation", &[include_str!("m0068/liquidation.sql")]),
    // More documents that can be undone, and when lines of counts were.
    ("m0069_undo", &[include_str!("m0069/undo.sql")]),
    // Queries that are stored under a name, and read with the rights of their reader.
    ("m0070_saved_views", &[include_str!("m0070/saved_views.sql")]),
    // On Postgres, fewer CHECKs on the tables that each command of the ledger writes. Postgres parses and prepares each one
    // again for each statement that writes its table: thirty-three of them took a fifth of a lone adjustment's time. The
    // values of a level, a reservation and an order's line are still checked, by one CHECK a table. `entrepot verify` proves
    // the rules of the others: words, lines, after-values, numbers, the journal's and the audit log's.
    //
    // An order's store, channel and customer are no longer foreign keys there, as its lines' order and product are none
    // since migration 37: the plan has read them, requests may not remove any of them (`row_security/wall.sql`), and
    // `verify` proves each. A lone order spent a tenth of its statement on locking the three rows.
    ("m0071_lean_checks", &[include_str!("m0071/lean_checks.sql")]),
    // Indexes for filters and sorts of lists: documents by the moments at which they were created and last changed, by product, and by total.
    ("m0072_list_filters", &[include_str!("m0072/list_filters.sql")]),
    // Papers that were drawn of documents.
    ("m0073_papers", &[include_str!("m0073/papers.sql")]),
    // Numbers of documents that name their kind. Those that were given before keep the digits that they have. Returns to suppliers are found by their
    // references.
    ("m0074_document_numbers", &[include_str!("m0074/document_numbers.sql")]),
    // Rates of tax, of lines of orders, rules that set holds, and undoing receipts of returns.
    ("m0076_taxes_and_holds", &[include_str!("m0076/taxes_and_holds.sql")]),
    // Further data of categories for shops and search engines; of products for carriers and customs; contacts of suppliers
    // and stores, and payment terms of suppliers.
    ("m0077_master_data", &[include_str!("m0077/master_data.sql")]),
    // The rule that approves lines of the night's plan, and who approved a line.
    ("m0078_replenishment_rule", &[include_str!("m0078/rule.sql")]),
    // Links by which saved views are read without a key.
    ("m0079_saved_view_links", &[include_str!("m0079/saved_view_links.sql")]),
    // Product families, and rows of suppliers' catalogues, that are archived.
    ("m0080_retired", &[include_str!("m0080/retired.sql")]),
    // Demand facts as a kind of export: rows that are gone since, what an event revised, and the word for it.
    ("m0081_demand_export", &[include_str!("m0081/demand_export.sql")]),
    // Tenants that the operator has suspended, and why.
    ("m0085_suspension", &[include_str!("m0085/suspension.sql")]),
    // Custom data of transfers, and revaluations that undo others.
    ("m0086_transfers_and_revaluations", &[include_str!("m0086/transfers_and_revaluations.sql")]),
    // Customers and suppliers that are merged into others, and groups of stores that are archived.
    ("m0087_merges", &[include_str!("m0087/merges.sql")]),
    // Schedules by which saved views are sent.
    ("m0088_saved_view_schedules", &[include_str!("m0088/saved_view_schedules.sql")]),
    // On Postgres, no foreign keys from a store's work to its order, its store, its lines and their products, and one CHECK a table. Each order that is
    // confirmed makes a work: its eleven checks of keys took a sixth of the statement, as those of orders had before migration 71. The plan has read all
    // of these rows, requests may not remove any of them (`row_security/wall.sql`), and `verify` proves each link, and each word.
    ("m0089_lean_works", &[include_str!("m0089/works.sql")]),
    // Blanket purchase orders, the orders that call off from them, and numbers of their own.
    ("m0090_blanket_orders", &[include_str!("m0090/blanket_orders.sql")]),
    // Deposits among the charges of purchase orders.
    ("m0091_deposits", &[include_str!("m0091/deposits.sql")]),
    // Rows that merges of customers and suppliers moved, so that they can be undone.
    ("m0092_unmerge", &[include_str!("m0092/unmerge.sql")]),
    // Further conditions of rules that set holds, the data that they matched, and tags of customers. On Postgres a hold may
    // be lifted without an actor's ID: the platform lifts the holds that its rules have set.
    ("m0093_hold_conditions", &[include_str!("m0093/hold_conditions.sql")]),
    // Reversals of inspections of returns, and whether a return was inspected on arrival.
    ("m0094_inspections", &[include_str!("m0094/inspections.sql")]),
    // Indexes for lists of all invoices: by time, by store, and by printed number.
    ("m0095_invoice_lists", &[include_str!("m0095/invoice_lists.sql")]),
    // Schedules of saved views send workbooks and pages, put tables into the bucket, and tell rows.
    ("m0096_view_outputs", &[include_str!("m0096/view_outputs.sql")]),
    // Readers of a saved view.
    ("m0097_view_readers", &[include_str!("m0097/view_readers.sql")]),
    // Schedules by which rows are exported into a folder or a bucket.
    ("m0098_export_schedules", &[include_str!("m0098/export_schedules.sql")]),
    // Bundles in plans of liquidation, and alerts of dead stock, of plans that fall behind, and of stock anomalies. SQLite
    // cannot change a CHECK: there lines of plans, alerts, their rules and their e-mails are rebuilt.
    ("m0100_bundles", &[include_str!("m0100/bundles.sql")]),
    // Order-up-to level of a naive policy, beside each proposal's score.
    ("m0101_naive", &[include_str!("m0101/naive.sql")]),
    // The journal by month, on Postgres. SQLite keeps one table.
    ("m0102_event_months", &["@postgres ALTER TABLE event RENAME TO event_before\n;;\n@postgres CREATE TABLE event"]),
    // The audit log by month, on Postgres. SQLite keeps one table.
    (
        "m0103_audit_months",
        &[
            include_str!("m0103/keeps.sql"),
            "@postgres ALTER TABLE audit_entry RENAME TO audit_entry_before\n;;\n@postgres CREATE TABLE audit_entry",
        ],
    ),
    // Attempts of webhooks by month, on Postgres. SQLite keeps one table.
    (
        "m0104_attempt_months",
        &["@postgres ALTER TABLE webhook_attempt RENAME TO webhook_attempt_before\n;;\n@postgres CREATE TABLE webhook_attempt"],
    ),
    // Within a tenant, time of recording never goes back: the counter row remembers it.
    ("m0105_order_of_time", &[include_str!("m0105/order_of_time.sql")]),
    // On Postgres, no foreign keys from data derived from the journal (cost books, demand facts) to products and stores. Its
    // rows are written from movements, whose products and stores exist; requests may not remove either
    // (`row_security/wall.sql`), and `verify` proves each link. And no index on columns that each update of a day changes.
    ("m0106_lean_facts", &[include_str!("m0106/facts.sql")]),
    // Indexes that lists of lots are sorted by.
    ("m0107_lot_sorts", &[include_str!("m0107/lots.sql")]),
    // Data loss of a drill, in its row of the log.
    ("m0109_drill_rpo", &[include_str!("m0109/drill_rpo.sql")]),
    // Patterns among anomalies: their value, actor and order. SQLite cannot change a CHECK: there the table is rebuilt.
    ("m0111_patterns", &[include_str!("m0111/patterns.sql")]),
    // Forecasts of sums: of a category with all below it, of a store, of all products.
    ("m0112_forecast_sums", &[include_str!("m0112/sums.sql")]),
    // External factors of demand, day by day, and the findings of a run about them.
    ("m0113_factor_series", &[include_str!("m0113/factors.sql")]),
    // Files that are attached to documents and master data.
    ("m0114_attachments", &[include_str!("m0114/attachments.sql")]),
    // The supplier that bills a charge on a purchase order, where it is not the order's.
    ("m0115_charge_supplier", &[include_str!("m0115/charge_supplier.sql")]),
    // Minimum value of an order with a supplier, and lines of plans that wait for it.
    ("m0116_minimum_order", &[include_str!("m0116/minimum_order.sql")]),
    // Receipts that equal one before among anomalies, and within how many days. SQLite cannot change a CHECK: there the table is written again.
    ("m0118_received_twice", &[include_str!("m0118/received_twice.sql")]),
    // The currency of a charge on a purchase order, if it is not the order's, with its amount in the books; and the shares
    // of such charges on the lines of orders and receipts.
    ("m0119_charge_currency", &[include_str!("m0119/charge_currency.sql")]),
    // Indexes that lists of customers are sorted and narrowed by.
    ("m0120_customer_lists", &[include_str!("m0120/customers.sql")]),
    // Alerts of forecasts that drift, and the time at which each run was checked for them. SQLite cannot change a CHECK:
    // there alerts, their rules and their e-mails are rebuilt.
    ("m0121_drift", &[include_str!("m0121/drift.sql")]),
    // Proceeds of liquidation lines until their last day, compared with the expected ones.
    ("m0122_liquidation_scores", &[include_str!("m0122/liquidation_scores.sql")]),
    // Blanket orders that were changed as drafts, by whom, and indexes for filters of their lists.
    ("m0124_blanket_drafts", &[include_str!("m0124/blanket_drafts.sql")]),
    // The days on which suppliers take orders and deliver.
    ("m0125_supplier_calendar", &[include_str!("m0125/supplier_calendar.sql")]),
    // Tags that are no longer suggested for a product, because a user refused them, and endpoints that propose descriptions.
    ("m0126_suggestions", &[include_str!("m0126/tag_refusals.sql"), include_str!("m0126/description_endpoint.sql")]),
    // Whether outgoing messages of the deployment are held, as they are after a restore.
    ("m0127_outgoing_hold", &[include_str!("m0127/outgoing_hold.sql")]),
    // An index of the lines of returns to suppliers by their products, which the list of returns is filtered by.
    ("m0128_supplier_return_products", &[include_str!("m0128/supplier_return_products.sql")]),
    // Payments that take another one back: the payment that each of them reverses.
    ("m0129_payment_reversals", &[include_str!("m0129/payment_reversals.sql")]),
    // Waves: works of one store that are picked, packed and shipped together.
    ("m0130_waves", &[include_str!("m0130/waves.sql")]),
    // Rates of tax on invoices, and kinds of papers that came later.
    ("m0131_paper_kinds", &[include_str!("m0131/paper_kinds.sql")]),
    // Layout of a tenant's papers: language, logo, texts, columns.
    ("m0132_paper_settings", &[include_str!("m0132/paper_settings.sql")]),
    // Alerts of works that are overdue, and of goods that every store has refused. SQLite cannot change a CHECK: there alerts, their rules and their e-mails are written
    // again.
    ("m0133_fulfilment_alerts", &[include_str!("m0133/fulfilment_alerts.sql")]),
    // Indexes of lists that are sorted by prices, by days on which goods are expected, and by totals of purchase orders.
    ("m0134_list_sorts", &[include_str!("m0134/list_sorts.sql")]),
    // Policies of replenishment: how the stock is found that keeps their promise.
    ("m0136_safety_stock", &[include_str!("m0136/safety_stock.sql")]),
    // Customers and legal entities go out of use and come back; tags and custom data of stores, suppliers, purchase orders and transfers.
    ("m0137_more_archives", &[include_str!("m0137/more_archives.sql"), include_str!("m0137/node_tags.sql")]),
    // On SQLite, cost postings by product and store with the columns that reports sum: they are summed from the index in its
    // order, instead of looking up and sorting each row. The index replaces the one by product, whose order only the few
    // postings need that added units: they have their own index.
    ("m0139_posting_level", &[include_str!("m0139/posting_level.sql")]),
    // Bin locations: the places of products in stores, for lists in the order of a walk.
    ("m0140_bin_locations", &[include_str!("m0140/bin_locations.sql")]),
    // The rate of an invoice in another currency than that of the books, with its tax and total in theirs; and the rate that is agreed for a purchase order.
    ("m0141_frozen_rates", &[include_str!("m0141/frozen_rates.sql")]),
    // Terms of call-offs, revisions of purchase orders that were mailed and confirmed, and settings of e-mails about goods that are ready.
    ("m0142_call_offs", &[include_str!("m0142/call_offs.sql"), include_str!("m0142/ready_setting.sql")]),
    // Policies of replenishment for XYZ classes, and factors of single products and categories.
    ("m0144_classes_and_factors", &[include_str!("m0144/classes_and_factors.sql")]),
    // Charges that are added to a purchase order after its goods have arrived: revaluations of the remaining units.
    ("m0148_added_charges", &[include_str!("m0148/added_charges.sql")]),
    // The timeline of Postgres that the journals' epochs belong to, which each connection can read.
    ("m0150_database_timeline", &[include_str!("m0150/database_timeline.sql")]),
    // Tax numbers and payment terms of stores.
    ("m0154_terms_of_stores", &[include_str!("m0154/terms_of_stores.sql")]),
    // Indexes that lists of suppliers' products and of returns to suppliers are sorted and narrowed by.
    ("m0155_list_orders", &[include_str!("m0155/list_orders.sql")]),
    // Lots and serial numbers that parcels name.
    ("m0156_packed_lots", &[include_str!("m0156/packed_lots.sql")]),
    // Handling times of stores.
    ("m0157_handling_time", &[include_str!("m0157/handling_time.sql")]),
    // Policies of replenishment for all products of a store.
    ("m0160_policies_of_stores", &[include_str!("m0160/policies_of_stores.sql")]),
    // A tenant's own limits of patterns among anomalies.
    ("m0161_anomaly_limits", &[include_str!("m0161/anomaly_limits.sql")]),
    // Schedules of saved views send Parquet, and plans of replenishment cut incoming orders. SQLite
    // cannot change a CHECK: there both tables are rebuilt.
    ("m0162_wider_words", &[include_str!("m0162/wider_words.sql")]),
    // Names of products that are confirmed: they are not proposed to be cleaned, nor as duplicates.
    ("m0163_right_names", &[include_str!("m0163/right_names.sql")]),
    // Indexes by which revocations are found that are listed beside the backups.
    ("m0165_revocations", &[include_str!("m0165/revocations.sql")]),
    // Search for a mistyped word under row-level security: it finds products by the parts of the word that were typed right.
    // `LIKE` is no more leak-proof than `@@`, so a function queries the index of texts, as for the index of words
    // (`m0007_row_security`).
    ("m0168_mistyped_words", &[include_str!("m0168/mistyped_words.sql")]),
    // The index by which alerts are sorted by their last change.
    ("m0174_alert_changes", &[include_str!("m0174/alert_changes.sql")]),
    // A store's own limits of anomalies.
    ("m0176_store_anomaly_limits", &[include_str!("m0176/store_anomaly_limits.sql")]),
    // Flag for lots of parcels that have left, and an index of those that have not.
    ("m0178_lots_that_left", &[include_str!("m0178/lots_that_left.sql")]),
    // The indexes by which rows of catalogues are found by the suppliers' SKUs, and revaluations by their products.
    ("m0179_found_by_products", &[include_str!("m0179/found_by_products.sql")]),
    // The index in which open orders are listed.
    ("m0185_open_orders_placed", &[include_str!("m0185/open_orders_placed.sql")]),
    // The key that a program made a file with.
    ("m0186_file_keys", &[include_str!("m0186/file_keys.sql")]),
    // Plans of liquidation that advance by themselves.
    ("m0187_liquidation_advanced", &[include_str!("m0187/liquidation_advanced.sql")]),
    // The indexes in which waves, plans and reversals are sorted.
    ("m0188_sorted_lists", &[include_str!("m0188/sorted_lists.sql")]),
    // The index in which orders of a status that few have are listed.
    ("m0189_orders_by_status", &[include_str!("m0189/orders_by_status.sql")]),
    // A search for several words, of which one may be in nearly all products: "sku-123456" where each SKU begins with "sku".
    // For the beginning of a word the index of Postgres collects all rows that have it before it compares them with those of
    // the other words. So the function reads the products of the word that is likely the rarest, and compares up to 200 of
    // them with the other words one by one. Only if there are more, or the parser of Postgres finds no word in it, does it
    // query the index for all words. It returns the rows of `products_with_words` (`m0007_row_security`), in the same order.
    //
    // The index has the words of all tenants, so the 200 are counted over all of them, and those of others left out
    // afterwards. Counted in one tenant, a word that is rare there and frequent elsewhere would be read from each row of the
    // others.
    ("m0191_products_by_terms", &[include_str!("m0191/products_by_terms.sql")]),
    // The index in which parcels are found by their tracking numbers.
    ("m0194_tracking_numbers", &[include_str!("m0194/tracking_numbers.sql")]),
    // Indexes in which invoices are found by their totals, and works by their products and by who took them.
    ("m0196_found_invoices_and_works", &[include_str!("m0196/found_invoices_and_works.sql")]),
    // The registers of orders, of returns, of steps of orders, and of patterns among their documents.
    ("m0197_registers", &[include_str!("m0197/registers.sql")]),
    // Limits of a period's purchases, and the index of orders by the time at which they were
    // placed.
    ("m0198_replenishment_budget", &[include_str!("m0198/replenishment_budget.sql")]),
    // The same for a supplier, a category or a store.
    ("m0200_scope_budgets", &[include_str!("m0200/scope_budgets.sql")]),
    // Time of the last use of a link of a saved view.
    ("m0201_link_uses", &[include_str!("m0201/link_uses.sql")]),
    // Alerts of schedules that deliver nothing, and the indexes by which those are found.
    ("m0202_failed_schedules", &[include_str!("m0202/failed_schedules.sql")]),
    // Demand of a scored proposal, with what days without stock would have sold.
    ("m0203_estimated_demand", &[include_str!("m0203/estimated_demand.sql")]),
    // Day on which a proposal is scored, where its point covers more than its lead time, and the service level that it promised.
    ("m0204_promised_scores", &[include_str!("m0204/promised_scores.sql")]),
    // Buckets into which schedules of saved views write their tables.
    ("m0205_schedule_buckets", &[include_str!("m0205/schedule_buckets.sql")]),
    // Messages of webhooks that were never tried.
    ("m0206_untried_messages", &[include_str!("m0206/untried_messages.sql")]),
];

/// Migrations that let a CHECK or a unique index accept more than before, and rebuild its table on SQLite for it. Existing
/// columns are neither renamed, retyped nor dropped. The release that has one reads the new values and writes none; a later
/// release writes them. `m0133_fulfilment_alerts`, `m0162_wider_words` and the code that writes their values are of one
/// release: no node of the one before it (0.1) works with `m0125_supplier_calendar`. After `m0197_registers` an older node
/// writes no register, and reads such a pattern as one that its rule does not find. `m0202_failed_schedules` is of that
/// release, too.
pub const WIDENING: &[&str] = &["m0133_fulfilment_alerts", "m0162_wider_words", "m0197_registers", "m0202_failed_schedules"];
