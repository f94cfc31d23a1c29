//! What calls need that the schema lets out.

/// Input fields, and arguments of root fields, that a call needs in practice, though the schema lets them be left out.
pub const ALSO: &[(&str, &str)] = &[
    ("OrderUpdateInput", "noteForStaff"),
    ("SalesReportFilter", "from"),
    ("SalesReportFilter", "to"),
    ("StockReportFilter", "from"),
    ("StockReportFilter", "to"),
    // A condition that no order here meets.
    ("HoldRuleUpsertInput", "countries"),
    ("PurchaseOrderAmendInput", "note"),
    ("OrderLineCancel", "quantity"),
    ("OrderLineInput", "product"),
    ("OrderLineInput", "quantity"),
    ("StocktakeLineInput", "counted"),
    ("CustomerMergeInput", "intoId"),
    ("SupplierMergeInput", "intoId"),
    ("PurchaseOrderLineInput", "quantity"),
    ("BlanketOrderLineInput", "quantity"),
    ("ReturnInspectLineInput", "quantity"),
    ("ReserveItem", "quantity"),
    ("ReturnLineInput", "quantity"),
    ("StockChangeInput", "delta"),
    ("TransferLineInput", "quantity"),
    ("TransferShipmentLineInput", "quantity"),
    ("ReturnReceiveLineInput", "quantity"),
    ("ReturnLineInput", "product"),
    ("SupplierReturnLineInput", "product"),
    ("SupplierReturnLineInput", "quantity"),
    ("ReorderPolicyInput", "maximum"),
    ("ReorderLineInput", "supplier"),
    ("CustomerCreateInput", "name"),
    ("KitComponentInput", "productId"),
    ("InvoiceIssueInput", "orderId"),
    ("CreditNoteIssueInput", "invoiceId"),
    ("DocumentReverseInput", "documentId"),
    ("MemberRolesSetInput", "memberId"),
    ("RoleGrantInput", "roleId"),
    ("PaperCreateInput", "documentId"),
    ("papers", "document"),
    ("productLabels", "products"),
    ("productDescriptionPrompt", "product"),
    ("purchaseOrderHtml", "by"),
    ("purchaseOrderPage", "by"),
    ("ProductDocumentAddInput", "productId"),
    ("ProductImageAddInput", "productId"),
    ("ProductImageReorderInput", "productId"),
    ("ProductDescriptionProposeInput", "productId"),
    ("ProductLabelSheetInput", "productIds"),
    ("ProductTextAcceptInput", "categories"),
    ("AcceptedCategoryInput", "productId"),
    ("AcceptedCategoryInput", "categoryId"),
    ("ProductSuggestionRefuseInput", "productId"),
    ("ProductSuggestionRefuseInput", "categoryId"),
    ("StocktakeCreateInput", "categoryId"),
    ("PurchaseOrderLineReceiptInput", "lineId"),
    ("ExchangeRatesImportInput", "ecbCsv"),
    ("PurchaseOrderLineReceiptInput", "quantity"),
    ("ImportCreateInput", "entity"),
    ("ExportCreateInput", "entity"),
    ("ApiKeyCreateInput", "permissions"),
    ("FactorSeriesSetInput", "values"),
    ("SavedViewLinkCreateInput", "savedViewId"),
    ("SavedViewScheduleSetInput", "savedViewId"),
    ("SavedViewScheduleSetInput", "memberIds"),
    ("WebhookEndpointReplayInput", "fromSeq"),
    ("WebhookEndpointReplayInput", "toSeq"),
    ("StockMoveItem", "quantity"),
    ("WorkLineQuantity", "quantity"),
    ("WrongItemInput", "quantity"),
];

/// Who gives or takes roles must hold what they give; so must who brings rows or takes them away, and whose rule acts by itself.
pub const FOR_MORE: [&str; 6] =
    ["memberRolesSet", "memberInvite", "importCreate", "exportCreate", "exportScheduleSet", "replenishmentRuleSet"];

/// What is written on an object: it needs the permissions to read and to change a product or a supplier.
pub const ON_OBJECTS: [&str; 5] = ["noteAdd", "noteUpdate", "attachmentAdd", "attachmentRemove", "nodeTagsSet"];

/// What is removed for good: it is called last.
pub const LAST: [&str; 6] = [
    "savedViewDelete",
    "exportScheduleDelete",
    "webhookEndpointDelete",
    "productImageRemove",
    "productDocumentRemove",
    "attachmentRemove",
];

/// Code of the hold rule and of the factor series that each company has.
pub const KEPT_RULE: &str = "kept-rule";
