//! Columns that refer to rows of other tables.

use super::link::{Link, Parent};

const fn link(
    child: &'static str,
    key: &'static str,
    columns: &'static [(&'static str, &'static str)],
    parent: &'static str,
) -> Link {
    Link { child, key, columns, parent, condition: "1 = 1", parent_scope: Parent::Tenant }
}

const PRODUCT: &str = "'prd:' || HEX(c.id)";
const LEVEL: &str = "'prd:' || HEX(c.product_id) || ' sto:' || HEX(c.store_id)";
const SEQ: &str = "'seq ' || c.seq";
const RESERVATION: &str = "'rsv:' || HEX(c.id)";
const ORDER: &str = "'ord:' || HEX(c.id)";
const PURCHASE: &str = "'por:' || HEX(c.id)";
const PURCHASE_LINE: &str = "'por:' || HEX(c.purchase_order_id) || ' line ' || c.position";
const BLANKET_LINE: &str = "'bor:' || HEX(c.blanket_order_id) || ' line ' || c.position";
const ORDER_LINE: &str = "'ord:' || HEX(c.order_id) || ' line ' || c.position";
const PAYMENT: &str = "'pay:' || HEX(c.id)";
const FULFILMENT: &str = "'ful:' || HEX(c.id)";
const WORK: &str = "'fwk:' || HEX(c.id)";
const WORK_LINE: &str = "'fwk:' || HEX(c.work_id) || ' line ' || c.nth";
const WAVE_WORK: &str = "'fwv:' || HEX(c.wave_id) || ' fwk:' || HEX(c.work_id)";
const PARCEL: &str = "'pcl:' || HEX(c.id)";
const TRANSFER: &str = "'trf:' || HEX(c.id)";
const RETURN: &str = "'ret:' || HEX(c.id)";
const RETURN_LINE: &str = "'ret:' || HEX(c.return_id) || ' line ' || c.position";

const PRODUCT_OF: &str = "'prd:' || HEX(c.product_id)";
const DAY: &str = "'prd:' || HEX(c.product_id) || ' day ' || c.business_date";
const DISCREPANCY: &str = "'por:' || HEX(c.purchase_order_id) || ' discrepancy ' || c.number";
const SUPPLIER_RETURN_LINE: &str = "'srt:' || HEX(c.supplier_return_id) || ' line ' || c.position";
const COUNT_LINE_OF: &str = "'cnt:' || HEX(c.count_id) || ' prd:' || HEX(c.product_id)";
const REVERSAL: &str = "'rev:' || HEX(c.id)";
const REVERSAL_LINE: &str = "'rev:' || HEX(c.reversal_id) || ' line ' || c.position";
const MERGE: &str = "'merge ' || HEX(c.id)";
const GRANT: &str = "'mem:' || HEX(c.member_id) || ' grant ' || c.position";
const PLAN_LINE: &str = "'rpl:' || HEX(c.plan_id) || ' line ' || c.position";
const LIQUIDATION_LINE: &str = "'lqp:' || HEX(c.plan_id) || ' line ' || c.position";
const ALERT: &str = "'alr:' || HEX(c.id)";
/// Default roles have numbers as IDs (`access::BUILT_IN`).
const CUSTOM_ROLE: &str = "substr(HEX(c.role_id), 1, 30) <> '000000000000000000000000000000'";

pub(in super::super) const LINKS: &[Link] = &[
    link("category", "'cat:' || HEX(c.id)", &[("parent_id", "id")], "category"),
    link("customer", "'cus:' || HEX(c.id)", &[("merged_into", "id")], "customer"),
    link("supplier", "'sup:' || HEX(c.id)", &[("merged_into", "id")], "supplier"),
    link("party_merge", MERGE, &[("customer_id", "id")], "customer"),
    link("party_merge", MERGE, &[("into_customer_id", "id")], "customer"),
    link("party_merge", MERGE, &[("supplier_id", "id")], "supplier"),
    link("party_merge", MERGE, &[("into_supplier_id", "id")], "supplier"),
    link("product", PRODUCT, &[("category_id", "id")], "category"),
    link("product", PRODUCT, &[("supplier_id", "id")], "supplier"),
    link("product", PRODUCT, &[("family_id", "id")], "product_family"),
    link("barcode", "'code ' || c.code", &[("product_id", "id")], "product"),
    link("product_image", "'img:' || HEX(c.id)", &[("product_id", "id")], "product"),
    link("product_image", "'img:' || HEX(c.id)", &[("file_id", "id")], "file"),
    link("product_document", "'doc:' || HEX(c.id)", &[("product_id", "id")], "product"),
    link("product_document", "'doc:' || HEX(c.id)", &[("file_id", "id")], "file"),
    link("product_name_refusal", PRODUCT_OF, &[("product_id", "id")], "product"),
    link("product_name_refusal", PRODUCT_OF, &[("other_id", "id")], "product"),
    link("product_tag_refusal", PRODUCT_OF, &[("product_id", "id")], "product"),
    link("product_text_refusal", PRODUCT_OF, &[("product_id", "id")], "product"),
    link("product_text_refusal", PRODUCT_OF, &[("category_id", "id")], "category"),
    link("stock_level", LEVEL, &[("product_id", "id")], "product"),
    link("stock_level", LEVEL, &[("store_id", "id")], "store"),
    link("entry", SEQ, &[("seq", "seq"), ("movement_id", "id")], "movement"),
    link("entry", SEQ, &[("product_id", "product_id"), ("store_id", "store_id")], "stock_level"),
    Link { condition: "c.reference_kind = 'ORDER'", ..link("movement", SEQ, &[("reference_id", "id")], "sales_order") },
    Link { condition: "c.reference_kind = 'RETURN'", ..link("movement", SEQ, &[("reference_id", "id")], "sales_return") },
    link("entry", SEQ, &[("lot_id", "id"), ("product_id", "product_id")], "lot"),
    Link { condition: "c.reference_kind = 'LOT'", ..link("movement", SEQ, &[("reference_id", "id")], "lot") },
    link("lot", "'lot:' || HEX(c.id)", &[("product_id", "id")], "product"),
    link("lot_level", "'lot:' || HEX(c.lot_id)", &[("lot_id", "id"), ("product_id", "product_id")], "lot"),
    link("lot_level", "'lot:' || HEX(c.lot_id)", &[("product_id", "product_id"), ("store_id", "store_id")], "stock_level"),
    Link {
        condition: "c.reference_kind = 'PURCHASE_ORDER'",
        ..link("movement", SEQ, &[("reference_id", "id")], "purchase_order")
    },
    Link {
        condition: "c.reference_kind = 'SUPPLIER_RETURN'",
        ..link("movement", SEQ, &[("reference_id", "id")], "supplier_return")
    },
    link("purchase_order", PURCHASE, &[("supplier_id", "id")], "supplier"),
    link("purchase_order", PURCHASE, &[("store_id", "id")], "store"),
    link("purchase_order", PURCHASE, &[("blanket_order_id", "id")], "blanket_order"),
    link("blanket_order", "'bor:' || HEX(c.id)", &[("supplier_id", "id")], "supplier"),
    link("blanket_order_line", BLANKET_LINE, &[("blanket_order_id", "id")], "blanket_order"),
    link("blanket_order_line", BLANKET_LINE, &[("product_id", "id")], "product"),
    link("purchase_order_line", PURCHASE_LINE, &[("purchase_order_id", "id")], "purchase_order"),
    link("purchase_order_line", PURCHASE_LINE, &[("product_id", "id")], "product"),
    link(
        "goods_receipt_line",
        PURCHASE_LINE,
        &[("purchase_order_id", "purchase_order_id"), ("position", "position")],
        "purchase_order_line",
    ),
    link(
        "goods_receipt_line",
        PURCHASE_LINE,
        &[("receipt_id", "id"), ("purchase_order_id", "purchase_order_id")],
        "goods_receipt",
    ),
    link("supplier_return", "'srt:' || HEX(c.id)", &[("supplier_id", "id")], "supplier"),
    link("reservation", RESERVATION, &[("product_id", "product_id"), ("store_id", "store_id")], "stock_level"),
    link("reservation", RESERVATION, &[("channel_id", "id")], "channel"),
    link("reservation", RESERVATION, &[("order_id", "order_id"), ("order_position", "position")], "order_line"),
    link("sales_order", ORDER, &[("store_id", "id")], "store"),
    link("sales_order", ORDER, &[("channel_id", "id")], "channel"),
    link("sales_order", ORDER, &[("customer_id", "id")], "customer"),
    link("order_line", ORDER_LINE, &[("order_id", "id")], "sales_order"),
    link("order_line", ORDER_LINE, &[("product_id", "id")], "product"),
    link("order_hold", "'ord:' || HEX(c.order_id)", &[("order_id", "id")], "sales_order"),
    link("sales_hold", "'hld:' || HEX(c.id)", &[("order_id", "id")], "sales_order"),
    link("sales_hold", "'hld:' || HEX(c.id)", &[("rule_code", "code")], "hold_rule"),
    link("payment", PAYMENT, &[("order_id", "id")], "sales_order"),
    link("payment", PAYMENT, &[("parent_id", "id")], "payment"),
    link("payment", PAYMENT, &[("return_id", "id")], "sales_return"),
    link("payment", PAYMENT, &[("reverses_id", "id")], "payment"),
    link("order_sourcing", "'ord:' || HEX(c.order_id)", &[("order_id", "id")], "sales_order"),
    link("order_detail", "'ord:' || HEX(c.order_id)", &[("order_id", "id")], "sales_order"),
    link("order_step", "'ord:' || HEX(c.order_id) || ' version ' || c.version", &[("order_id", "id")], "sales_order"),
    link("store_sourcing", "'sto:' || HEX(c.store_id)", &[("store_id", "id")], "store"),
    link("fulfilment", FULFILMENT, &[("order_id", "id")], "sales_order"),
    link("fulfilment", FULFILMENT, &[("store_id", "id")], "store"),
    link("fulfilment_line", "'ful:' || HEX(c.fulfilment_id)", &[("fulfilment_id", "id"), ("order_id", "order_id")], "fulfilment"),
    link(
        "fulfilment_line",
        "'ful:' || HEX(c.fulfilment_id)",
        &[("order_id", "order_id"), ("order_position", "position")],
        "order_line",
    ),
    link("fulfilment", FULFILMENT, &[("work_id", "id"), ("order_id", "order_id")], "fulfilment_work"),
    link("fulfilment_work", WORK, &[("order_id", "id")], "sales_order"),
    link("fulfilment_work", WORK, &[("store_id", "id")], "store"),
    link("fulfilment_work", WORK, &[("moved_from", "id"), ("order_id", "order_id")], "fulfilment_work"),
    link("fulfilment_work_line", WORK_LINE, &[("work_id", "id"), ("order_id", "order_id")], "fulfilment_work"),
    link("fulfilment_work_line", WORK_LINE, &[("order_id", "order_id"), ("position", "position")], "order_line"),
    link("fulfilment_work_line", WORK_LINE, &[("product_id", "id")], "product"),
    link("fulfilment_wave", "'fwv:' || HEX(c.id)", &[("store_id", "id")], "store"),
    link("fulfilment_wave_work", WAVE_WORK, &[("wave_id", "id"), ("store_id", "store_id")], "fulfilment_wave"),
    link("fulfilment_wave_work", WAVE_WORK, &[("work_id", "id"), ("store_id", "store_id")], "fulfilment_work"),
    link("parcel", PARCEL, &[("work_id", "id")], "fulfilment_work"),
    link("parcel", PARCEL, &[("fulfilment_id", "id")], "fulfilment"),
    link("parcel", PARCEL, &[("carrier_id", "id")], "carrier"),
    link("parcel_line", "'pcl:' || HEX(c.parcel_id)", &[("parcel_id", "id"), ("work_id", "work_id")], "parcel"),
    link("parcel_line", "'pcl:' || HEX(c.parcel_id)", &[("work_id", "work_id"), ("nth", "nth")], "fulfilment_work_line"),
    link("parcel_line_lot", "'pcl:' || HEX(c.parcel_id)", &[("parcel_id", "parcel_id"), ("nth", "nth")], "parcel_line"),
    link("parcel_line_lot", "'pcl:' || HEX(c.parcel_id)", &[("lot_id", "id")], "lot"),
    link("order_line_barred", ORDER_LINE, &[("order_id", "order_id"), ("position", "position")], "order_line"),
    link("order_line_barred", ORDER_LINE, &[("store_id", "id")], "store"),
    link("sales_return", RETURN, &[("store_id", "id")], "store"),
    link("sales_return", RETURN, &[("customer_id", "id")], "customer"),
    link("sales_return", RETURN, &[("channel_id", "id")], "channel"),
    link("return_line", RETURN_LINE, &[("return_id", "id")], "sales_return"),
    link("return_line", RETURN_LINE, &[("product_id", "id")], "product"),
    link(
        "return_match",
        "'ret:' || HEX(c.return_id)",
        &[("return_id", "return_id"), ("return_position", "position")],
        "return_line",
    ),
    link("return_match", "'ret:' || HEX(c.return_id)", &[("order_id", "order_id"), ("order_position", "position")], "order_line"),
    link("return_lot", "'ret:' || HEX(c.return_id)", &[("return_id", "return_id"), ("position", "position")], "return_line"),
    link("return_lot", "'ret:' || HEX(c.return_id)", &[("lot_id", "id")], "lot"),
    Link { condition: "c.reference_kind = 'TRANSFER'", ..link("movement", SEQ, &[("reference_id", "id")], "transfer") },
    Link { condition: "c.reference_kind = 'COUNT'", ..link("movement", SEQ, &[("reference_id", "id")], "stock_count") },
    link("stock_count", "'cnt:' || HEX(c.id)", &[("store_id", "id")], "store"),
    link("count_line", "'cln:' || HEX(c.id)", &[("count_id", "id")], "stock_count"),
    link("count_line", "'cln:' || HEX(c.id)", &[("product_id", "id")], "product"),
    link("transfer", TRANSFER, &[("from_store_id", "id")], "store"),
    link("transfer", TRANSFER, &[("to_store_id", "id")], "store"),
    link("transfer_line", "'trf:' || HEX(c.transfer_id)", &[("transfer_id", "id")], "transfer"),
    link("transfer_line", "'trf:' || HEX(c.transfer_id)", &[("product_id", "id")], "product"),
    link(
        "transfer_line_lot",
        "'trf:' || HEX(c.transfer_id)",
        &[("transfer_id", "transfer_id"), ("position", "position")],
        "transfer_line",
    ),
    link("transfer_line_lot", "'trf:' || HEX(c.transfer_id)", &[("lot_id", "id")], "lot"),
    link("count_line", "'cln:' || HEX(c.id)", &[("lot_id", "id")], "lot"),
    link("kit_component", "'prd:' || HEX(c.kit_id)", &[("kit_id", "id")], "product"),
    link("kit_component", "'prd:' || HEX(c.kit_id)", &[("component_id", "id")], "product"),
    link("order_line_part", ORDER_LINE, &[("order_id", "order_id"), ("position", "position")], "order_line"),
    link("order_line_part", ORDER_LINE, &[("product_id", "id")], "product"),
    link("return_line_part", RETURN_LINE, &[("return_id", "return_id"), ("position", "position")], "return_line"),
    link("return_line_part", RETURN_LINE, &[("product_id", "id")], "product"),
    link(
        "count_try",
        COUNT_LINE_OF,
        &[("count_id", "count_id"), ("product_id", "product_id"), ("lot_key", "lot_key")],
        "count_line",
    ),
    link("stock_count", "'cnt:' || HEX(c.id)", &[("category_id", "id")], "category"),
    link("history_block", LEVEL, &[("product_id", "product_id"), ("store_id", "store_id")], "stock_level"),
    link("history_sum", LEVEL, &[("product_id", "product_id"), ("store_id", "store_id"), ("block", "block")], "history_block"),
    link("supplier_product", PRODUCT_OF, &[("supplier_id", "id")], "supplier"),
    link("supplier_product", PRODUCT_OF, &[("product_id", "id")], "product"),
    link("purchase_charge", PURCHASE_LINE, &[("purchase_order_id", "id")], "purchase_order"),
    link("purchase_charge", PURCHASE_LINE, &[("supplier_id", "id")], "supplier"),
    link("purchase_discrepancy", DISCREPANCY, &[("purchase_order_id", "id")], "purchase_order"),
    link(
        "purchase_discrepancy",
        DISCREPANCY,
        &[("receipt_id", "id"), ("purchase_order_id", "purchase_order_id")],
        "goods_receipt",
    ),
    link("purchase_discrepancy", DISCREPANCY, &[("product_id", "id")], "product"),
    link("goods_receipt", "'grn:' || HEX(c.id)", &[("purchase_order_id", "id")], "purchase_order"),
    link("goods_receipt", "'grn:' || HEX(c.id)", &[("store_id", "id")], "store"),
    link("supplier_return", "'srt:' || HEX(c.id)", &[("store_id", "id")], "store"),
    link("document_reversal", REVERSAL, &[("store_id", "id")], "store"),
    link("document_reversal", REVERSAL, &[("other_store_id", "id")], "store"),
    Link { condition: "c.kind = 'GOODS_RECEIPT'", ..link("document_reversal", REVERSAL, &[("part_id", "id")], "goods_receipt") },
    Link {
        condition: "c.kind = 'GOODS_RECEIPT'",
        ..link("document_reversal", REVERSAL, &[("document_id", "id")], "purchase_order")
    },
    Link {
        condition: "c.kind = 'SUPPLIER_RETURN'",
        ..link("document_reversal", REVERSAL, &[("document_id", "id")], "supplier_return")
    },
    Link {
        condition: "c.kind IN ('SALE', 'SHIPMENT')",
        ..link("document_reversal", REVERSAL, &[("document_id", "id")], "sales_order")
    },
    Link { condition: "c.kind = 'SHIPMENT'", ..link("document_reversal", REVERSAL, &[("part_id", "id")], "fulfilment") },
    Link { condition: "c.kind LIKE 'RETURN%'", ..link("document_reversal", REVERSAL, &[("document_id", "id")], "sales_return") },
    Link { condition: "c.kind = 'COUNT'", ..link("document_reversal", REVERSAL, &[("document_id", "id")], "stock_count") },
    Link { condition: "c.kind LIKE 'TRANSFER%'", ..link("document_reversal", REVERSAL, &[("document_id", "id")], "transfer") },
    Link { condition: "c.kind LIKE 'TRANSFER%'", ..link("document_reversal", REVERSAL, &[("part_id", "id")], "movement") },
    link("document_reversal_line", REVERSAL_LINE, &[("reversal_id", "id")], "document_reversal"),
    link("document_reversal_line", REVERSAL_LINE, &[("movement_id", "id")], "movement"),
    link("document_reversal_line", REVERSAL_LINE, &[("mirror_id", "id")], "movement"),
    link("document_reversal_line", REVERSAL_LINE, &[("product_id", "id")], "product"),
    link("document_reversal_effect", REVERSAL_LINE, &[("reversal_id", "id")], "document_reversal"),
    link("supplier_return", "'srt:' || HEX(c.id)", &[("purchase_order_id", "id")], "purchase_order"),
    link("supplier_return_line", SUPPLIER_RETURN_LINE, &[("supplier_return_id", "id")], "supplier_return"),
    link("supplier_return_line", SUPPLIER_RETURN_LINE, &[("product_id", "id")], "product"),
    link(
        "supplier_return_line",
        SUPPLIER_RETURN_LINE,
        &[("purchase_order_id", "purchase_order_id"), ("order_position", "position")],
        "purchase_order_line",
    ),
    link("demand_day", DAY, &[("product_id", "id")], "product"),
    link("demand_day", DAY, &[("store_id", "id")], "store"),
    Link {
        condition: "HEX(c.channel_id) <> '00000000000000000000000000000000'",
        ..link("demand_day", DAY, &[("channel_id", "id")], "channel")
    },
    link("demand_gone", DAY, &[("product_id", "id")], "product"),
    link("demand_gone", DAY, &[("store_id", "id")], "store"),
    link("demand_week", PRODUCT_OF, &[("product_id", "id")], "product"),
    link("demand_week", PRODUCT_OF, &[("store_id", "id")], "store"),
    link("forecast_series", PRODUCT_OF, &[("product_id", "id")], "product"),
    Link {
        condition: "HEX(c.store_id) <> '00000000000000000000000000000000'",
        ..link("forecast_series", PRODUCT_OF, &[("store_id", "id")], "store")
    },
    link("forecast_series", PRODUCT_OF, &[("first_week", "first_week")], "forecast_run"),
    Link {
        condition: "HEX(c.category_id) <> '00000000000000000000000000000000'",
        ..link("forecast_sum", "'week ' || c.first_week", &[("category_id", "id")], "category")
    },
    Link {
        condition: "HEX(c.store_id) <> '00000000000000000000000000000000'",
        ..link("forecast_sum", "'week ' || c.first_week", &[("store_id", "id")], "store")
    },
    link("forecast_sum", "'week ' || c.first_week", &[("first_week", "first_week")], "forecast_run"),
    link("factor_series", "'code ' || c.code", &[("store_id", "id")], "store"),
    Link {
        condition: "HEX(c.store_id) <> '00000000000000000000000000000000'",
        ..link("ready_setting", "'sto:' || HEX(c.store_id)", &[("store_id", "id")], "store")
    },
    link("factor_series", "'code ' || c.code", &[("product_id", "id")], "product"),
    link("factor_series", "'code ' || c.code", &[("category_id", "id")], "category"),
    link("forecast_pool", "'week ' || c.first_week", &[("first_week", "first_week")], "forecast_run"),
    link("replenishment_policy", "'rpp:' || HEX(c.id)", &[("product_id", "id")], "product"),
    link("replenishment_policy", "'rpp:' || HEX(c.id)", &[("store_id", "id")], "store"),
    link("replenishment_policy", "'rpp:' || HEX(c.id)", &[("supplier_id", "id")], "supplier"),
    link("replenishment_plan", "'rpl:' || HEX(c.id)", &[("supplier_id", "id")], "supplier"),
    link("replenishment_scope_budget", "'budget ' || c.scope", &[("supplier_id", "id")], "supplier"),
    link("replenishment_scope_budget", "'budget ' || c.scope", &[("category_id", "id")], "category"),
    link("replenishment_scope_budget", "'budget ' || c.scope", &[("store_id", "id")], "store"),
    link("replenishment_line", PLAN_LINE, &[("plan_id", "id")], "replenishment_plan"),
    link("replenishment_line", PLAN_LINE, &[("product_id", "id")], "product"),
    link("replenishment_line", PLAN_LINE, &[("store_id", "id")], "store"),
    link("replenishment_line", PLAN_LINE, &[("from_store_id", "id")], "store"),
    link("replenishment_line", PLAN_LINE, &[("supplier_id", "id")], "supplier"),
    link("replenishment_line", PLAN_LINE, &[("purchase_order_id", "id")], "purchase_order"),
    link("replenishment_line", PLAN_LINE, &[("transfer_id", "id")], "transfer"),
    link("liquidation_line", LIQUIDATION_LINE, &[("plan_id", "id")], "liquidation_plan"),
    link("liquidation_line", LIQUIDATION_LINE, &[("product_id", "id")], "product"),
    link("liquidation_line", LIQUIDATION_LINE, &[("partner_id", "id")], "product"),
    link("liquidation_line", LIQUIDATION_LINE, &[("kit_id", "id")], "product"),
    link("liquidation_line", LIQUIDATION_LINE, &[("store_id", "id")], "store"),
    link("liquidation_line", LIQUIDATION_LINE, &[("to_store_id", "id")], "store"),
    link("liquidation_line", LIQUIDATION_LINE, &[("supplier_id", "id")], "supplier"),
    link("liquidation_line", LIQUIDATION_LINE, &[("transfer_id", "id")], "transfer"),
    link("liquidation_line", LIQUIDATION_LINE, &[("supplier_return_id", "id")], "supplier_return"),
    link("stock_span", PRODUCT_OF, &[("product_id", "product_id"), ("store_id", "store_id")], "stock_level"),
    link("anomaly_book", "'sto:' || HEX(c.store_id)", &[("store_id", "id")], "store"),
    link("stock_anomaly", "'anm:' || HEX(c.id)", &[("product_id", "id")], "product"),
    link("stock_anomaly", "'anm:' || HEX(c.id)", &[("store_id", "id")], "store"),
    link("stock_anomaly", "'anm:' || HEX(c.id)", &[("order_id", "id")], "sales_order"),
    link("attachment", "'att:' || HEX(c.id)", &[("file_id", "id")], "file"),
    link("note_edit", "'nte:' || HEX(c.note_id)", &[("note_id", "id")], "note"),
    link("note_mention", "'nte:' || HEX(c.note_id)", &[("note_id", "id")], "note"),
    link("note_mention", "'nte:' || HEX(c.note_id)", &[("member_id", "id")], "member"),
    link("saved_view_link", "'svl:' || HEX(c.id)", &[("view_id", "id")], "saved_view"),
    link("saved_view_link", "'svl:' || HEX(c.id)", &[("key_id", "id")], "api_key"),
    link("saved_view_schedule", "'svs:' || HEX(c.id)", &[("view_id", "id")], "saved_view"),
    link("saved_view_schedule", "'svs:' || HEX(c.id)", &[("key_id", "id")], "api_key"),
    link("saved_view_schedule", "'svs:' || HEX(c.id)", &[("last_file_id", "id")], "file"),
    link("export_schedule", "'xsc:' || HEX(c.id)", &[("key_id", "id")], "api_key"),
    link("paper", "'ppr:' || HEX(c.id)", &[("order_id", "id")], "sales_order"),
    link("paper", "'ppr:' || HEX(c.id)", &[("html_file_id", "id")], "file"),
    link("paper", "'ppr:' || HEX(c.id)", &[("pdf_file_id", "id")], "file"),
    link("store_legal_entity", "'sto:' || HEX(c.store_id)", &[("store_id", "id")], "store"),
    link("store_legal_entity", "'sto:' || HEX(c.store_id)", &[("legal_entity_id", "id")], "legal_entity"),
    link("invoice", "'inv:' || HEX(c.id)", &[("legal_entity_id", "id")], "legal_entity"),
    link("invoice", "'inv:' || HEX(c.id)", &[("order_id", "id")], "sales_order"),
    link("invoice", "'inv:' || HEX(c.id)", &[("store_id", "id")], "store"),
    link("invoice", "'inv:' || HEX(c.id)", &[("credits_id", "id")], "invoice"),
    link("invoice_line", "'inv:' || HEX(c.invoice_id)", &[("invoice_id", "id")], "invoice"),
    link("cost_pool", PRODUCT_OF, &[("product_id", "id")], "product"),
    link("cost_layer", PRODUCT_OF, &[("product_id", "id")], "product"),
    link("cost_posting", SEQ, &[("product_id", "id")], "product"),
    link("cost_posting", SEQ, &[("store_id", "id")], "store"),
    link(
        "revaluation_line",
        "'rvl:' || HEX(c.revaluation_id) || ' line ' || c.position",
        &[("revaluation_id", "id")],
        "revaluation",
    ),
    link("revaluation_line", "'rvl:' || HEX(c.revaluation_id) || ' line ' || c.position", &[("product_id", "id")], "product"),
    link("revaluation", "'rvl:' || HEX(c.id)", &[("reverses_id", "id")], "revaluation"),
    link("revaluation", "'rvl:' || HEX(c.id)", &[("purchase_order_id", "id")], "purchase_order"),
    Link { parent_scope: Parent::Global, ..link("member", "'mem:' || HEX(c.id)", &[("user_id", "id")], "app_user") },
    Link { parent_scope: Parent::Global, ..link("session", "'ses:' || HEX(c.id)", &[("user_id", "id")], "app_user") },
    link("invitation", "'mem:' || HEX(c.member_id)", &[("member_id", "id")], "member"),
    link("role_grant", GRANT, &[("member_id", "id")], "member"),
    // The default roles have no rows.
    Link { condition: CUSTOM_ROLE, ..link("role_grant", GRANT, &[("role_id", "id")], "role") },
    link("store_in_group", "'grp:' || HEX(c.group_id)", &[("group_id", "id")], "store_group"),
    link("store_in_group", "'grp:' || HEX(c.group_id)", &[("store_id", "id")], "store"),
    link("integration", "'int:' || HEX(c.id)", &[("channel_id", "id")], "channel"),
    link("api_key", "'key:' || HEX(c.id)", &[("integration_id", "id")], "integration"),
    link("api_key_address", "'key:' || HEX(c.key_id)", &[("key_id", "id")], "api_key"),
    link("api_key_index", "'key:' || HEX(c.key_id)", &[("key_id", "id")], "api_key"),
    link("alert", ALERT, &[("store_id", "id")], "store"),
    link("alert", ALERT, &[("product_id", "id")], "product"),
    link("alert", ALERT, &[("lot_id", "id")], "lot"),
    link("alert", ALERT, &[("purchase_order_id", "id")], "purchase_order"),
    link("alert", ALERT, &[("transfer_id", "id")], "transfer"),
    link("alert", ALERT, &[("count_id", "id")], "stock_count"),
    link("alert", ALERT, &[("order_id", "id")], "sales_order"),
    link("alert_letter", "'alr:' || HEX(c.alert_id)", &[("alert_id", "id")], "alert"),
    link("alert_rule", "'arl:' || HEX(c.id)", &[("store_id", "id")], "store"),
    link("alert_rule", "'arl:' || HEX(c.id)", &[("category_id", "id")], "category"),
    link("alert_rule", "'arl:' || HEX(c.id)", &[("product_id", "id")], "product"),
    link("webhook_delivery", "'whe:' || HEX(c.endpoint_id)", &[("endpoint_id", "id")], "webhook_endpoint"),
    link("webhook_attempt", "'whe:' || HEX(c.endpoint_id)", &[("endpoint_id", "id")], "webhook_endpoint"),
    link("file", "'fil:' || HEX(c.id)", &[("key_id", "id")], "api_key"),
    link("exchange", "'exc:' || HEX(c.id)", &[("input_id", "id")], "file"),
    link("exchange", "'exc:' || HEX(c.id)", &[("result_id", "id")], "file"),
    link("exchange_line", "'exc:' || HEX(c.exchange_id)", &[("exchange_id", "id")], "exchange"),
    link("exchange_row", "'exc:' || HEX(c.exchange_id)", &[("exchange_id", "id")], "exchange"),
];
