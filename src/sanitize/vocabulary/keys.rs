//! What a key is for, by the word before it.

/// Keys that are passwords of networks, whatever they look like.
pub(in crate::sanitize) const KEYS_OF_NETWORKS: &[&str] = &[
    "wifi_key",
    "wlan_key",
    "wep_key",
    "wpa_key",
    "wpa2_key",
    "wpa_psk",
    "tacacs_key",
    "radius_key",
    "isakmp_key",
    "ike_key",
    "key_content",
    "schlüsselinhalt",
    "contenu_de_la_clé",
    "contenido_de_la_clave",
    "contenuto_chiave",
];

/// Vendors whose keys grant access.
#[rustfmt::skip]
pub(in crate::sanitize) const VENDORS_OF_KEYS: &[&str] = &[
    "adyen", "airtable", "akamai", "alchemy", "algolia", "alpaca", "amplitude", "anthropic", "apify", "apns",
    "appsflyer", "asana", "assemblyai", "auth0", "aws", "azure", "azure_openai", "binance", "bing", "bitly",
    "braintree", "braze", "brevo", "browserstack", "bugsnag", "buildkite", "bunny", "chargebee", "claude",
    "clerk", "cloudflare", "cloudinary", "codecov", "cohere", "coinbase", "coinmarketcap", "cosmos", "cosmosdb",
    "databricks", "datadog", "dd", "deepgram", "deepl", "deepseek", "digitalocean", "discord", "dnsimple",
    "docusign", "dropbox", "dynatrace", "easypost", "elastic", "elasticsearch", "elevenlabs", "etherscan",
    "facebook", "fcm", "figma", "firebase", "flutterwave", "foursquare", "freshdesk", "fullstory", "gcp",
    "gemini", "giphy", "github", "gitlab", "gmaps", "google", "google_maps", "grafana", "grok", "groq",
    "helpscout", "here", "heroku", "hetzner", "honeycomb", "hubspot", "huggingface", "infura", "intercom",
    "ipinfo", "ipstack", "jenkins", "kagi", "klaviyo", "kraken", "langsmith", "langfuse", "launchdarkly",
    "linear", "linode", "lob", "logdna", "loggly", "logzio", "looker", "mailchimp", "mailgun", "mailjet",
    "mandrill", "mapbox", "maps", "maptiler", "meilisearch", "messagebird", "mistral", "mixpanel", "mollie",
    "monday", "moonpay", "nasa", "neon", "netlify", "newrelic", "new_relic", "newsapi", "nexmo", "ngrok",
    "notion", "npm", "nuget", "nvidia", "nylas", "okta", "omdb", "onesignal", "openai", "openrouter",
    "openweather", "openweathermap", "opsgenie", "ovh", "pagerduty", "papertrail", "paypal", "paystack",
    "perplexity", "pexels", "pinecone", "pingdom", "plaid", "planetscale", "polygon", "posthog", "postmark",
    "postman", "pusher", "pypi", "qdrant", "quicknode", "rapidapi", "razorpay", "recurly", "replicate",
    "resend", "ringcentral", "rollbar", "rubygems", "salesforce", "scaleway", "sendbird", "sendgrid",
    "sendinblue", "sentry", "serpapi", "serper", "servicenow", "shippo", "shodan", "shopify", "signalfx",
    "slack", "smtp2go", "snowflake", "snyk", "sonar", "sonarqube", "sparkpost", "splunk", "square",
    "statuspage", "stripe", "stytch", "sumologic", "supabase", "tavily", "telegram", "telnyx", "tenor",
    "tinybird", "tmdb", "together", "tomtom", "trello", "twelvedata", "twilio", "twitch", "twitter", "typeform",
    "typesense", "unsplash", "upstash", "uptimerobot", "vercel", "virustotal", "vonage", "voyage", "vultr",
    "weather", "weatherapi", "weaviate", "webflow", "xai", "youtube", "zapier", "zendesk", "zoho", "zoom",
];

/// Purposes for which keys grant access.
#[rustfmt::skip]
pub(in crate::sanitize) const PURPOSES_OF_KEYS: &[&str] = &[
    "agent", "backup", "bitlocker", "boot", "bot", "broker", "certificate", "cipher", "cookie", "crypt",
    "crypto", "data_encryption", "dek", "deploy", "deployment", "device", "disk", "dkim", "dsa", "ec", "ecdsa",
    "ed25519", "enc", "encrypt", "filevault", "gateway", "gcm", "ingest", "ingestion", "integration", "iot",
    "ipsec", "jwt", "kek", "ldap", "luks", "machine", "merchant", "mqtt", "network", "oauth", "partner", "pem", "product",
    "provisioning", "push", "query_api", "registration", "relay", "reseller", "restricted", "root", "rsa",
    "sas", "sdk", "seller", "sensor", "serial", "sftp", "sign", "smtp", "software", "ssh", "ssl", "storage",
    "superuser", "telemetry", "tls", "tunnel", "unlock", "vpn", "wallet", "webhook", "wg", "wireguard", "write",
    "writer",
];

/// Words before "key" that make of it the name of a place in data, or of a public key; none before it too.
#[rustfmt::skip]
pub(in crate::sanitize) const NO_SECRET_KEY: &[&str] = &[
    "", "account", "action", "address", "album", "alias", "answer", "any", "archive", "arrow", "article",
    "artifact", "asset", "attachment", "attr", "attribute", "audio", "author", "avatar", "base", "batch",
    "binding", "blob", "block", "board", "booking", "bookmark", "branch", "bucket", "build", "bundle",
    "business", "cache", "caching", "call", "campaign", "candidate", "canonical", "card", "cart", "catalog",
    "category", "cell", "channel", "charge", "chart", "chat", "checksum", "child", "chunk", "citation", "city",
    "class", "clip", "clustering", "collection", "color", "column", "command", "comment", "commit", "company",
    "component", "composite", "compound", "concept", "concurrency", "config", "configuration", "contact",
    "container", "content", "context", "control", "conversation", "correlation", "country", "cursor",
    "customer", "dashboard", "dataset", "datum", "deal", "dedup", "dedupe", "deduplication", "department",
    "design", "dict", "dictionary", "dimension", "dist", "distribution", "doc", "document", "domain",
    "download", "draft", "edge", "element", "embedding", "employee", "entity", "entry", "enum", "env",
    "environment", "epic", "error", "etag", "event", "evidence", "experiment", "export", "extension",
    "external", "facet", "feature", "fetch", "field", "file", "filter", "fingerprint", "first", "flag",
    "folder", "font", "foreign", "form", "frame", "function", "game", "global", "gpg", "group", "grouping",
    "guide", "hash", "header", "host", "hot", "i18n", "icon", "idempotency", "idempotent", "image", "img",
    "import", "index", "input", "inventory", "invoice", "issue", "item", "jira", "job", "join", "json", "kms",
    "l10n", "label", "lang", "language", "last", "layer", "layout", "lead", "left", "line", "link", "list",
    "locale", "localization", "location", "lock", "log", "logical", "lookup", "manifest", "map", "mapping",
    "match", "media", "meeting", "member", "menu", "merge", "message", "meta", "metadata", "metric", "minor",
    "model", "modifier", "module", "music", "name", "named", "natural", "node", "note", "ns", "object", "old",
    "operation", "opportunity", "option", "order", "ordering", "org", "organisation", "organization", "output",
    "page", "param", "parameter", "parent", "part", "partition", "path", "patient", "payload", "payment",
    "permission", "person", "pgp", "photo", "piano", "picture", "place", "placeholder", "plan", "playlist",
    "plugin", "point", "policy", "post", "preference", "prefix", "preview", "primary", "process", "project",
    "prop", "property", "provider", "pub", "public", "publishable", "query", "queue", "range", "react",
    "reaction", "record", "recording", "redis", "ref", "reference", "region", "registry", "relation", "release",
    "render", "repo", "report", "repository", "request", "reservation", "resource", "response", "result",
    "right", "role", "route", "routing", "row", "rule", "s3", "scene", "schema", "screenshot", "search",
    "secondary", "section", "segment", "sequence", "series", "setting", "shard", "sharding", "sheet",
    "shipment", "shortcut", "signature", "site", "sku", "slot", "slug", "snapshot", "sort", "sorting", "source",
    "space", "spreadsheet", "stack", "state", "step", "storage_object", "store", "story", "stream", "string",
    "style", "sub", "subject", "subscription", "surrogate", "symbol", "tab", "table", "tag", "target", "task",
    "team", "template", "tenant", "test", "text", "theme", "thread", "throttle", "thumbnail", "ticket", "tile",
    "title", "topic", "trace", "track", "transaction", "transform", "translation", "tree", "type", "ui",
    "unique", "upload", "user", "value", "var", "variable", "variant", "verification", "verify", "verifying",
    "version", "video", "view", "visitor", "warehouse", "widget", "window", "work", "workflow", "workspace",
    "yaml", "zone",
];
