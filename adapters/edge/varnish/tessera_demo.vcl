# Varnish in front of `tessera demo --varnish http://127.0.0.1:6081`, all on one machine. An example of what an operator
# writes beside the shipped files; docs/edge.md goes through it.
vcl 4.1;

include "./tessera_purge.vcl";
include "./tessera_edge.vcl";
include "./tessera_strict.vcl";

import accept;

# The demo is both: Tessera, and the site's frontend.
backend tessera {
    .host = "127.0.0.1";
    .port = "8000";
    .probe = {
        .url = "/healthz";
        .interval = 1s;
        .timeout = 1s;
        .window = 3;
        .threshold = 2;
        .initial = 2;
    }
}

acl tessera_purgers {
    "127.0.0.1";
    "::1";
}

# Of the demo only: a secret that is public is none.
sub tessera_purge_secret {
    set req.http.Tessera-Purge-Expected = "purges-of-the-demo";
}

sub vcl_init {
    new languages = accept.rule("fr");
    languages.add("fr");
    languages.add("en");
}

# Which slots a page shows. Every other page of the magazine has a slot that reads what no edge is told: those pass. So
# does whoever plays with the panel, whose choices are a cookie or a query.
sub tessera_slots {
    if (req.url ~ "^/shop(\?(utm_[a-z]+=[^&]*(&|$))*)?$" && req.http.Cookie !~ "(^|;)\s*veilleuse_panel=") {
        set req.http.T-Slots = "shop.featured";
    }
}

# Whoever is in front of Varnish knows: a CDN says it in a header, a database of addresses by a module.
sub tessera_country {
    set req.http.T-Country = req.http.X-Country;
    set req.http.T-Zone = req.http.X-Zone;
}

sub tessera_locale {
    # "en-GB" is "en": the site has languages, not countries.
    set req.http.T-Locale = languages.filter(regsuball(req.http.Accept-Language, "-[A-Za-z0-9-]+", ""));
}

sub tessera_key {
    set bereq.http.X-Tessera-Key = "demo-delivery-key";
}

sub tessera_origin {
    set req.backend_hint = tessera;
}

sub tessera_site {
    set req.backend_hint = tessera;
}
