//! All migrations in their order: what `Migrator` applies and what `plan` reads.

/// A migration's name, and its SQL. Of those by month (`months::turn`), which Rust puts together: statements that name the same tables.
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
    // The audit log, and what a tenant says of itself.
    ("m0005_audit", &[include_str!("m0005_audit/audit.sql"), include_str!("m0005_audit/tenancy.sql")]),
    // What a key is held to, where it was used from, and which tenant a sandbox belongs to.
    ("m0006_keys", &[include_str!("m0006/keys.sql")]),
    // What row-level security asks of the search: the policies themselves are laid after every migration (`row_security`).
    //
    // `@@` is not leak-proof, so Postgres would compare it after the policy only, row by row, and leave the index of words aside. The function
    // asks the index as the tables' owner, for one tenant, and gives ids; the rows are then read under the policy.
    ("m0007_row_security", &[include_str!("m0007/search.sql")]),
    // A key of its own for each person that a tenant keeps: taking it away takes away what is known of them.
    ("m0008_subjects", &[include_str!("m0008/subjects.sql")]),
    // Invitations, profiles, people who left; how strict a tenant is about passwords; what logins are known by, and how unusual they are.
    ("m0009_people", &[include_str!("m0009/people.sql"), include_str!("m0009/risk.sql")]),
    // Jobs and the workers that hold them.
    ("m0010_jobs", &[include_str!("m0010/jobs.sql")]),
    // Endpoints of webhooks, what is to be delivered to them, and what came of each attempt.
    ("m0011_webhooks", &[include_str!("m0011/webhooks.sql")]),
    // How far back a tenant's journal is kept: every event with `seq > low_seq` is there.
    ("m0012_streams", &[include_str!("m0012/streams.sql")]),
    // From what total on a tenant wants somebody else than the requester to approve.
    ("m0014_approval", &[include_str!("m0014/approval.sql")]),
    // Sums of what arrived late, for levels whose past is asked for (docs/decisions/0003).
    ("m0015_history", &[include_str!("m0015/history.sql")]),
    // Numbers of the documents that move stock besides orders and returns.
    ("m0016_documents", &[include_str!("m0016/documents.sql")]),
    // Lots: which products are tracked by them, the lots, and how much of each lies where.
    ("m0017_lots", &[include_str!("m0017/lots.sql")]),
    // What suppliers offer, orders placed with them, what came of those, and what went back.
    ("m0018_purchasing", &[include_str!("m0018/purchasing.sql")]),
    // Transfers between stores, and counts of what is there.
    ("m0019_moves", &[include_str!("m0019/transfers.sql"), include_str!("m0019/counts.sql")]),
    // Files that people bring and take away, and what is done with them: imports and exports.
    ("m0020_files", &[include_str!("m0020/files.sql")]),
    // Where a tenant's master data stands, so that rows can be remembered outside the database; and the changes of it by themselves.
    ("m0021_cache", &[include_str!("m0021/master.sql")]),
    // What stock is worth: pools, layers, postings, and the documents that revalue.
    ("m0022_costing", &[include_str!("m0022/costing.sql")]),
    // Lots on the lines of transfers and counts; kits, and what they are made of.
    ("m0023_lots_and_kits", &[include_str!("m0023/lots.sql"), include_str!("m0023/kits.sql")]),
    // Returns step by step: what is asked for, what came of each line, and what was found when it was looked at.
    ("m0024_returns", &[include_str!("m0024/returns.sql")]),
    // Alerts, the rules that they go by, and the letters that tell of them. Tenants that are there already are followed from now on.
    //
    // Where the wall of row security stands, the tables' owner sees no tenant's counter: it is lowered here, and raised again after all migrations.
    ("m0025_alerts", &[include_str!("m0025/alerts.sql")]),
    // Pictures and documents of products, and mutations that are run for each line of a file.
    ("m0026_media", &[include_str!("m0026/bulk.sql"), include_str!("m0026/media.sql")]),
    // Where orders find their stock: the tenant's rule, what its stores say, and how a draft will.
    ("m0027_sourcing", &[include_str!("m0027/sourcing.sql")]),
    // Barcodes by their GTIN, in fourteen digits; of one that two products had in two lengths, the longest keeps it and the others are found as they
    // are written. And who has changed what a purchase order buys.
    ("m0028_codes", &[include_str!("m0028/codes.sql")]),
    // How often in a row the worker died that ran a job.
    ("m0030_deaths", &[include_str!("m0030/deaths.sql")]),
    // Which migration a binary has to know to work with the database: one row, or none while every release since this one can.
    ("m0031_compatibility", &[include_str!("m0031/up.sql")]),
    // The session that another one was switched to from.
    ("m0032_switched", &[include_str!("m0032/switched.sql")]),
    // Lines of counts that say that nothing of a product lies there, beside those of its lots; how damaged goods of a receipt were set aside; and
    // returned goods by their lot.
    ("m0033_stock", &[include_str!("m0033/stock.sql")]),
    // What clients keep rests on the words of the schema: a digest of what was sent beside each idempotency key, which older releases leave out and do
    // without. And orders and returns keep the country that they were sold to; those that are here take their customers' as it is now.
    ("m0034_identities", &[include_str!("m0034/identities.sql")]),
    // Indexes for what lists are filtered by: the audit log by what an entry is about, returns by store and by customer.
    ("m0036_lookups", &[include_str!("m0036/lookups.sql")]),
    // On Postgres, the foreign keys whose rows the ledger's plan has just read or writes in the same statement are dropped: fifteen of an order's
    // eighteen, a third of a batch's time. Nobody may remove what they name (levels, movements, orders, products), and `entrepot verify` proves each.
    ("m0037_checked_by_plan", &[include_str!("m0037/checked_by_plan.sql")]),
    // Rate limits of a single tenant, set by the operator.
    ("m0038_tenant_plan", &[include_str!("m0038/tenant_plan.sql")]),
    // Exchange rates, and what a goods receipt in another currency is worth in the books.
    ("m0039_exchange_rates", &[include_str!("m0039/exchange_rates.sql")]),
    // Demand facts: a row a product, store, channel and business day, its weeks, and the days on which levels had stock.
    ("m0044_demand", &[include_str!("m0044/demand.sql")]),
    // Forecasts of weekly demand as they were made, and how they came true.
    ("m0045_forecasts", &[include_str!("m0045/forecasts.sql")]),
    // Copies of the whole deployment into another database: which there are, and how far each is.
    ("m0048_copies", &[include_str!("m0048/copies.sql")]),
    // An index for purchase orders by the reference that their supplier gave them, whoever the supplier is: what a scanned code asks.
    ("m0049_references", &[include_str!("m0049/references.sql")]),
    // Alerts of transfers that are overdue. SQLite cannot change a CHECK: there alerts, their rules and their letters are written again.
    ("m0050_overdue", &[include_str!("m0050/overdue.sql")]),
    // Strange days of stock as they were flagged, and from what size on a tenant wants to see them.
    ("m0051_anomalies", &[include_str!("m0051/anomalies.sql")]),
    // The log of backups and drills.
    ("m0052_backup_runs", &[include_str!("m0052/backup_runs.sql")]),
    // Categories that somebody has refused for a product, so that they are not suggested again.
    ("m0054_product_text", &[include_str!("m0054/product_text.sql")]),
    // Orders that change after they were placed: what a line's discount and tax were stated of, what an order says beside its lines, and its steps.
    ("m0056_order_edits", &[include_str!("m0056/order_edits.sql")]),
    // Holds that somebody sets on an order, each lifted by its id, and their kinds in the order's own row.
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
    // Purchase orders after they were ordered: what the supplier confirmed, the day that a lead time gives, revisions and lines that were cancelled.
    ("m0064_purchase_amendments", &[include_str!("m0064/amendments.sql")]),
    // Policies by which stock is replenished, plans with their lines, and the errors that forecasts of lead times rest on.
    ("m0065_replenishment", &[include_str!("m0065/replenishment.sql")]),
    // An index for orders that are not done: the dashboard counts them, and most orders are done.
    ("m0066_open_orders", &[include_str!("m0066/open_orders.sql")]),
    // Categories, suppliers and channels that are archived, and their changes in the index of what `cache` follows.
    ("m0067_archive", &[include_str!("m0067/archive.sql")]),
    // Criteria of dead stock, and plans of what to do with it.
    ("m0068_liquidation", &[include_str!("m0068/liquidation.sql")]),
    // More documents that can be undone, and when lines of counts were.
    ("m0069_undo", &[include_str!("m0069/undo.sql")]),
    // Queries that are kept under a name, and read with the rights of whoever reads.
    ("m0070_saved_views", &[include_str!("m0070/saved_views.sql")]),
    // On Postgres, fewer CHECKs on the tables that each command of the ledger writes. Postgres reads the text of every one anew, and makes it ready, for
    // each statement that writes its table: thirty-three of them took a fifth of a lone adjustment's time. What a level, a reservation and an order's line
    // may hold is still checked, by one CHECK a table. What the others said, `entrepot verify` proves: words, lines, after-values, numbers, the journal's
    // and the audit log's.
    //
    // An order's store, channel and customer are no foreign keys there any more, as its lines' order and product are none since migration 37: the plan has
    // read them, requests may not remove any of them (`row_security/wall.sql`), and `verify` proves each. A lone order spent a tenth of its statement on
    // locking the three rows.
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
    // Categories say more of themselves to shops and search engines; products say what carriers and customs ask; suppliers and stores say how they are
    // reached, and suppliers how they are paid.
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
    // What merges of customers and suppliers moved, so that they can be taken back.
    ("m0092_unmerge", &[include_str!("m0092/unmerge.sql")]),
    // Further conditions of rules that set holds, what they matched, and tags of customers. On Postgres a hold
    // may be lifted by nobody with an id: the platform lifts what its rules have set.
    ("m0093_hold_conditions", &[include_str!("m0093/hold_conditions.sql")]),
    // Reversals of inspections of returns, and whether a return was looked at as it came.
    ("m0094_inspections", &[include_str!("m0094/inspections.sql")]),
    // Indexes for lists of all invoices: by time, by store, and by number as it is printed.
    ("m0095_invoice_lists", &[include_str!("m0095/invoice_lists.sql")]),
    // Schedules of saved views send workbooks and pages, put tables into the bucket, and tell rows.
    ("m0096_view_outputs", &[include_str!("m0096/view_outputs.sql")]),
    // Who may read a saved view.
    ("m0097_view_readers", &[include_str!("m0097/view_readers.sql")]),
    // Schedules by which rows are exported into a folder or a bucket.
    ("m0098_export_schedules", &[include_str!("m0098/export_schedules.sql")]),
    // Bundles in plans of liquidation, and alerts of dead stock, of plans that fall behind, and of strange days. SQLite cannot change a CHECK: there lines of plans,
    // alerts, their rules and their letters are written again.
    ("m0100_bundles", &[include_str!("m0100/bundles.sql")]),
    // What a naive policy would have ordered up to, beside each proposal's score.
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
    // On Postgres, no foreign keys from what is derived from the journal (cost books, demand facts) to products and stores. Its rows are written from
    // movements, whose products and stores are there; requests may not remove either (`row_security/wall.sql`), and `verify` proves each link. And no index on what each update of a day changes.
    ("m0106_lean_facts", &[include_str!("m0106/facts.sql")]),
    // Indexes that lists of lots are sorted by.
    ("m0107_lot_sorts", &[include_str!("m0107/lots.sql")]),
    // What a drill would have lost, in its row of the log.
    ("m0109_drill_rpo", &[include_str!("m0109/drill_rpo.sql")]),
    // Patterns among anomalies: what they are worth, who and which order they are about. SQLite cannot change a CHECK: there the table is written again.
    ("m0111_patterns", &[include_str!("m0111/patterns.sql")]),
    // Forecasts of sums: of a category with all below it, of a store, of all products.
    ("m0112_forecast_sums", &[include_str!("m0112/sums.sql")]),
    // What moves demand from outside, day by day, and what a run found of it.
    ("m0113_factor_series", &[include_str!("m0113/factors.sql")]),
    // Files that are attached to documents and master data.
    ("m0114_attachments", &[include_str!("m0114/attachments.sql")]),
    // The supplier that bills a charge on a purchase order, where it is not the order's.
    ("m0115_charge_supplier", &[include_str!("m0115/charge_supplier.sql")]),
    // The least that an order with a supplier comes to, and lines of plans that wait for it.
    ("m0116_minimum_order", &[include_str!("m0116/minimum_order.sql")]),
    // Receipts that equal one before among anomalies, and within how many days. SQLite cannot change a CHECK: there the table is written again.
    ("m0118_received_twice", &[include_str!("m0118/received_twice.sql")]),
    // The currency of a charge on a purchase order, where it is not the order's, with what it comes to in the books; and the shares of such charges on the lines
    // of orders and receipts.
    ("m0119_charge_currency", &[include_str!("m0119/charge_currency.sql")]),
    // Indexes that lists of customers are sorted and narrowed by.
    ("m0120_customer_lists", &[include_str!("m0120/customers.sql")]),
    // Alerts of forecasts that drift, and when each run was looked at for them. SQLite cannot change a CHECK: there alerts, their rules and their letters are written
    // again.
    ("m0121_drift", &[include_str!("m0121/drift.sql")]),
    // What lines of liquidation brought until their last day, beside what was expected of them.
    ("m0122_liquidation_scores", &[include_str!("m0122/liquidation_scores.sql")]),
    // Blanket orders that were changed while they were drafted, by whom, and what lists of them are narrowed by.
    ("m0124_blanket_drafts", &[include_str!("m0124/blanket_drafts.sql")]),
    // The days on which suppliers take orders and deliver.
    ("m0125_supplier_calendar", &[include_str!("m0125/supplier_calendar.sql")]),
    // Tags that are not suggested for a product any more, because somebody refused them, and endpoints that propose descriptions.
    ("m0126_suggestions", &[include_str!("m0126/tag_refusals.sql"), include_str!("m0126/description_endpoint.sql")]),
    // Whether what leaves the deployment is held, as it is after a restore.
    ("m0127_outgoing_hold", &[include_str!("m0127/outgoing_hold.sql")]),
    // An index of the lines of returns to suppliers by their products, which the list of returns is filtered by.
    ("m0128_supplier_return_products", &[include_str!("m0128/supplier_return_products.sql")]),
    // Payments that take another one back: the payment that each of them reverses.
    ("m0129_payment_reversals", &[include_str!("m0129/payment_reversals.sql")]),
    // Waves: works of one store that are picked, packed and shipped together.
    ("m0130_waves", &[include_str!("m0130/waves.sql")]),
    // Rates of tax on invoices, and kinds of papers that came later.
    ("m0131_paper_kinds", &[include_str!("m0131/paper_kinds.sql")]),
    // How a tenant's papers look: language, logo, texts, columns.
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
    // On SQLite, cost postings by product and store with what reports sum of them: it adds them up as they lie there, where it would look up each and sort them all.
    // The index takes the place of the one by product, whose order only the few postings need that brought units: they have one of their own.
    ("m0139_posting_level", &[include_str!("m0139/posting_level.sql")]),
    // Bin locations: the places of products in stores, for lists in the order of a walk.
    ("m0140_bin_locations", &[include_str!("m0140/bin_locations.sql")]),
    // The rate of an invoice in another currency than that of the books, with its tax and total in theirs; and the rate that is agreed for a purchase order.
    ("m0141_frozen_rates", &[include_str!("m0141/frozen_rates.sql")]),
    // Terms of call-offs, revisions of purchase orders that were mailed and confirmed, and settings of e-mails about goods that are ready.
    ("m0142_call_offs", &[include_str!("m0142/call_offs.sql"), include_str!("m0142/ready_setting.sql")]),
    // Policies of replenishment for XYZ classes, and factors of single products and categories.
    ("m0144_classes_and_factors", &[include_str!("m0144/classes_and_factors.sql")]),
    // Charges that are added to a purchase order after its goods have come: revaluations of what is left of them.
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
    // Schedules of saved views send Parquet, and plans of replenishment cut what is incoming. SQLite cannot change a CHECK: there both tables are written again.
    ("m0162_wider_words", &[include_str!("m0162/wider_words.sql")]),
    // Names of products that are right as they are: they are not proposed to be cleaned, nor as duplicates.
    ("m0163_right_names", &[include_str!("m0163/right_names.sql")]),
    // Indexes by which revocations are found that are listed beside the backups.
    ("m0165_revocations", &[include_str!("m0165/revocations.sql")]),
    // What row-level security asks of a search for a mistyped word, which looks at products with the parts of it that were typed right. `LIKE` is as little
    // leak-proof as `@@`, so the index of texts is asked by a function as the index of words is (`m0007_row_security`).
    ("m0168_mistyped_words", &[include_str!("m0168/mistyped_words.sql")]),
    // The index by which alerts are sorted by their last change.
    ("m0174_alert_changes", &[include_str!("m0174/alert_changes.sql")]),
    // A store's own limits of anomalies.
    ("m0176_store_anomaly_limits", &[include_str!("m0176/store_anomaly_limits.sql")]),
    // Which lots of parcels have left, and an index of those that have not.
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
    // A search for several words, of which one may be in nearly all products: "sku-123456" where each SKU begins with "sku". For the beginning of a word
    // the index of Postgres collects all rows that have it before it compares them with those of the other words. So the function looks at the products of
    // the word that is likely the rarest, and compares up to 200 of them with the other words one by one. Only if there are more, or the parser of Postgres
    // sees no word in it, does it ask the index for all words. It gives what `products_with_words` (`m0007_row_security`) gives for them, in the same order.
    //
    // The index has the words of all tenants, so the 200 are counted over all of them, and those of others left out afterwards. Counted in one tenant, a word
    // that it has seldom and others have often would be read from each row of theirs.
    ("m0191_products_by_terms", &[include_str!("m0191/products_by_terms.sql")]),
    // The index in which parcels are found by their tracking numbers.
    ("m0194_tracking_numbers", &[include_str!("m0194/tracking_numbers.sql")]),
    // Indexes in which invoices are found by their totals, and works by their products and by who took them.
    ("m0196_found_invoices_and_works", &[include_str!("m0196/found_invoices_and_works.sql")]),
    // The registers of orders, of returns, of steps of orders, and of patterns among their documents.
    ("m0197_registers", &[include_str!("m0197/registers.sql")]),
    // What purchases of a period may cost, and the index of orders by the time at which they were placed.
    ("m0198_replenishment_budget", &[include_str!("m0198/replenishment_budget.sql")]),
    // The same for a supplier, a category or a store.
    ("m0200_scope_budgets", &[include_str!("m0200/scope_budgets.sql")]),
    // When a link of a saved view was last used.
    ("m0201_link_uses", &[include_str!("m0201/link_uses.sql")]),
    // Alerts of schedules that deliver nothing, and the indexes by which those are found.
    ("m0202_failed_schedules", &[include_str!("m0202/failed_schedules.sql")]),
];

/// Migrations that let a CHECK or a unique index take more than before, and rebuild its table on SQLite for it. What stands is neither renamed, retyped nor
/// dropped. The release that has one reads the new values and writes none; a later release writes them.
/// `m0133_fulfilment_alerts`, `m0162_wider_words` and what writes their values are of one release: no node of the one before it (0.1) works with
/// `m0125_supplier_calendar`. Of `m0197_registers` an older node writes no register, and reads such a pattern as one that its rule does not find.
/// `m0202_failed_schedules` is of that release, too.
pub const WIDENING: &[&str] = &["m0133_fulfilment_alerts", "m0162_wider_words", "m0197_registers", "m0202_failed_schedules"];
