const tab = (query, variables) => ({ query: query.trim() + '\n', variables: variables && JSON.stringify(variables, null, 2) });

export const tabs = [
  tab(`
# Products with their stock. Each tab is an operation that is ready to run; put your token under Headers.
query Products($first: Int = 10, $after: Cursor, $search: String) {
  products(first: $first, after: $after, filter: { search: $search }) {
    nodes {
      id
      sku
      name
      status
      category { name }
      supplier { name leadTimeDays }
      price { amount currencyCode }
      stock { store { code } onHand reserved available status }
    }
    pageInfo { hasNextPage endCursor }
  }
}`, { first: 10 }),
  tab(`
# Takes two pieces of one product out at one store. Sent twice with the same key it happens once.
mutation Adjust($input: StockAdjustInput!) {
  stockAdjust(input: $input) {
    replayed
    seq
    levels { id onHand reserved available version }
    userErrors {
      code
      message
      field
      ... on InsufficientStock { requested available }
      ... on VersionConflict { actualVersion }
    }
  }
}`, {
    input: {
      idempotencyKey: 'graphiql-1',
      reasonCode: 'DAMAGE',
      note: 'dropped',
      changes: [{ product: { sku: 'DS-MUGS-4' }, store: { code: 'LDN' }, delta: -2 }],
    },
  }),
  tab(`
# First what there is, page by page, then every change as it is committed. Leave it running and adjust something.
subscription Stock($filter: StockFilter, $after: Cursor) {
  stockChanged(filter: $filter, after: $after) {
    phase
    cursor
    reset
    changes {
      seq
      inFilter
      level { product { sku } store { code } onHand reserved available version }
    }
  }
}`, { filter: { available: { lte: 5 } } }),
  tab(`
query Stores {
  stores(first: 50) {
    nodes { id code name kind timeZone }
  }
}`),
  tab(`
# What is low or out of stock, fullest first.
query Levels($filter: StockFilter) {
  stockLevels(first: 20, filter: $filter, orderBy: { field: AVAILABLE, direction: DESC }) {
    nodes { product { sku name } store { code } onHand reserved available reorderPoint status updatedAt }
    pageInfo { hasNextPage endCursor }
    streamCursor
  }
}`, { filter: { status: ['CRITICAL', 'OUT_OF_STOCK', 'LOW'] } }),
  tab(`
# Reserves stock for an order; with status FULFILLED it would sell over the counter at once.
mutation Order($input: OrderCreateInput!) {
  orderCreate(input: $input) {
    order {
      id
      number
      status
      total { amount currencyCode }
      lines { sku name quantity open unitPrice { amount } allocations { store { code } quantity } }
      allowedActions
    }
    userErrors { code message field }
  }
}`, {
    input: {
      idempotencyKey: 'graphiql-order-1',
      store: { code: 'LDN' },
      lines: [{ product: { sku: 'DS-MUGS-4' }, quantity: 1 }],
    },
  }),
  tab(`
query Orders {
  orders(first: 10) {
    nodes {
      id
      number
      status
      placedAt
      store { code }
      customer { name country }
      total { amount currencyCode }
      lines { sku name quantity fulfilled returned total { amount } }
    }
    pageInfo { hasNextPage endCursor }
  }
}`),
  tab(`
# The ten products that brought in most.
query BestSellers {
  salesReport(groupBy: PRODUCT, topBy: NET_REVENUE, first: 10) {
    product { sku name }
    orders
    unitsSold
    unitsReturned
    netRevenue { amount currencyCode }
  }
}`),
  tab(`
query SalesByMonth {
  salesReport(groupBy: MONTH) {
    key
    orders
    unitsSold
    grossRevenue { amount currencyCode }
    refunds { amount }
    netRevenue { amount }
  }
}`),
  tab(`
# The ledger: one movement is one business fact, its entries are its lines.
query Movements {
  stockMovements(first: 10) {
    nodes {
      seq
      kind
      reasonCode
      note
      occurredAt
      recordedAt
      entries { product { sku } store { code } onHandDelta onHandAfter versionAfter }
    }
    pageInfo { hasNextPage endCursor }
  }
}`),
  tab(`
query Me {
  viewer {
    actor {
      __typename
      ... on Member { displayName }
      ... on Integration { name }
    }
    tenant { slug name defaultCurrency timeZone }
    permissions { permission scope { all stores { code } } }
  }
  rateLimit { limit remaining restoreRate }
}`),
];
