# The edge protocol of Tessera, version 1: pages and fragments that differ by visitor, stored once for each audience. It
# holds nothing of the rules: a new rule or slot needs no other VCL. Include it before all other subroutines, and write
# beside it what is the site's own (docs/edge.md says more of each):
#
#   sub tessera_slots    which slots the page at req.url shows:  set req.http.T-Slots = "home.hero,home.feed";
#   sub tessera_country  where the visitor is:                   set req.http.T-Country = "FR"; (and T-Zone)
#   sub tessera_locale   in which of the site's languages:       set req.http.T-Locale = "fr";
#   sub tessera_key      a delivery key:                         set bereq.http.X-Tessera-Key = "…";
#   sub tessera_origin   Tessera:                                set req.backend_hint = tessera;
#   sub tessera_site     the site:                               set req.backend_hint = site;
#
# A request takes these steps, each but the first by a restart; Tessera-Step says which:
#
#   key      GET /v1/audience, stored under the inputs that its Vary names, says the audience of the visitor: T-Key
#   keyed    the page or fragment, stored under T-Key, fetched without anything that is the visitor's
#   pass     where there is no key: everything that the visitor sent goes to the site, and nothing is stored
vcl 4.1;

import std;

include "./tessera_inputs.vcl";

sub vcl_recv {
    if (req.restarts == 0) {
        call tessera_begin;
    }
    if (req.http.Tessera-Step == "key") {
        call tessera_origin;
        if (req.http.Tessera-Again) {
            set req.hash_always_miss = true;
        }
    } elseif (req.http.Tessera-Step == "keyed") {
        if (req.http.Tessera-Keyed-Url) {
            set req.url = req.http.Tessera-Keyed-Url;
        }
        call tessera_backend;
    } elseif (req.http.Tessera-Step == "pass") {
        call tessera_passed;
        return (pass);
    }
    if (req.http.Tessera-Step) {
        if (req.http.Tessera-Grace) {
            set req.grace = std.duration(req.http.Tessera-Grace + "s", 0s);
        } else {
            set req.grace = 365d;
        }
        return (hash);
    }
}

# A request as it came, of a client or of an include in a page.
sub tessera_begin {
    call tessera_forget;
    std.collect(req.http.Cookie, "; ");
    if (req.http.host !~ "^[a-z0-9_.-]{0,252}[a-z0-9_-]$") {
        # Spelled in one way, as it is part of what is stored.
        set req.http.host = regsub(std.tolower(req.http.host), "\.?(:80|:443)?$", "");
        if (req.http.host !~ "^([a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,60}\])(:[0-9]{1,5})?$") {
            return (synth(400));
        }
    }
    if (req.method != "GET" && req.method !~ "^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|PURGE|BAN|TESSERAPURGE)$") {
        return (synth(405));
    }
    if (req.http.Transfer-Encoding) {
        std.collect(req.http.Transfer-Encoding);
        if (req.http.Transfer-Encoding !~ "(?i)^chunked$") {
            return (synth(400));
        }
    }
    if (req.http.X-Forwarded-Proto && req.http.X-Forwarded-Proto != "https") {
        unset req.http.X-Forwarded-Proto;
    }
    call tessera_inputs;
    if (req.url ~ "^/v1/") {
        call tessera_origin;
        call tessera_fragment;
    } elseif (req.method == "GET" || req.method == "HEAD") {
        if (req.url ~ "(?i)[?&]utm_") {
            # Each of them with a separator, then what is left of separators at the end.
            set req.http.Tessera-Url = req.url;
            set req.http.Tessera-Keyed-Url = regsub(
                regsuball(req.url, "(?i)(?<=[?&])utm_[a-z_]{1,33}(=[^&]*)?(&|$)", ""), "[?&]+$", "");
        }
        call tessera_slots;
        if (req.http.T-Slots && req.url ~ "^/graphql(\?|$)") {
            set req.http.Tessera-Fragment = "1";
            if (req.http.Origin) {
                set req.http.Tessera-Step = "pass";
            }
        }
    }
    if (!req.http.T-Slots) {
        unset req.http.Tessera-Step;
    } elseif (req.http.Tessera-Step == "pass" || req.http.Authorization || req.http.X-Tessera-User-Token) {
        set req.http.Tessera-Step = "pass";
    } elseif (req.http.T-Slots == "none") {
        set req.http.Tessera-Step = "keyed";
    } else {
        set req.http.Tessera-Step = "key";
    }
}

# GET /v1/personalize where its address says nothing but what is shown. Everything else under /v1/ is left as it is.
sub tessera_fragment {
    if ((req.method == "GET" || req.method == "HEAD") && !req.http.Origin && req.url ~ "^/v1/personalize\?") {
        set req.http.Tessera-Url = req.url;
        set req.http.Tessera-Keyed-Url = regsuball(regsuball(req.url, "(?i)%2c", ","), "(?i)%3a", ":");
        if (req.http.Tessera-Keyed-Url ~
                "^/v1/personalize\?((slots|render|format|unique|exclude|key)=[A-Za-z0-9._~/@!,:-]*(&(?=.)|$))+$" &&
            req.http.Tessera-Keyed-Url ~ "[?&]slots=." &&
            req.http.Tessera-Keyed-Url !~ "[?&](slots|render|format|unique|key)=.*&\1=") {
            set req.http.Tessera-Fragment = "1";
            # A copy for each list of what is left out would be copies without end.
            if (req.http.Tessera-Keyed-Url ~ "[?&]exclude=") {
                set req.http.Tessera-Step = "pass";
            }
            set req.http.T-Slots = regsub(req.http.Tessera-Keyed-Url, "^[^?]*\?(?:.*&)?slots=([^&]*).*$", "\1");
            # Nor for each way to write the same list, or a limit that no page has.
            if (req.http.T-Slots ~ ":(0.|[0-9]{3})|(^|,)(,|$)") {
                set req.http.Tessera-Step = "pass";
            }
            set req.http.T-Slots = regsuball(req.http.T-Slots, ":[0-9]+(?=,|$)", "");
        }
    }
}

sub tessera_backend {
    if (req.url ~ "^/(v1/|graphql(\?|$))") {
        call tessera_origin;
    } else {
        call tessera_site;
    }
}

# Everything that the visitor sent, as they sent it, but what only an edge may say.
sub tessera_passed {
    set req.http.Tessera-Step = "pass";
    if (req.http.Tessera-Url) {
        set req.url = req.http.Tessera-Url;
    }
    # In the language and at the hour of the page, as the fragments beside it are.
    if (req.http.Tessera-Fragment) {
        if (req.http.T-Locale && req.url !~ "[?&]locale=") {
            set req.url = req.url + "&locale=" + req.http.T-Locale;
        }
        if (req.http.T-Zone && req.url !~ "[?&]timezone=") {
            set req.url = req.url + "&timezone=" + regsuball(req.http.T-Zone, "\+", "%2B");
        }
        if (req.esi_level > 0 && req.url ~ "^/v1/personalize\?") {
            call tessera_page;
        }
    }
    unset req.http.T-Key;
    call tessera_backend;
}

# Where the page around a fragment is, and what led to it: its address with its campaign, and its referrer. Those that
# no origin would read are left out.
sub tessera_page {
    set req.http.Tessera-Page = req_top.url;
    if (req_top.http.Tessera-Url) {
        set req.http.Tessera-Page = req_top.http.Tessera-Url;
    }
    if (req.http.Tessera-Page !~ "^.{2001}") {
        if (req.http.X-Forwarded-Proto) {
            set req.http.Tessera-Page = "https://" + req_top.http.host + req.http.Tessera-Page;
        } else {
            set req.http.Tessera-Page = "http://" + req_top.http.host + req.http.Tessera-Page;
        }
        call tessera_escaped;
        if (req.http.Tessera-Page) {
            set req.url = req.url + "&url=" + req.http.Tessera-Page;
        }
    }
    if (req_top.http.Referer && req_top.http.Referer !~ "^.{2001}") {
        set req.http.Tessera-Page = req_top.http.Referer;
        call tessera_escaped;
        if (req.http.Tessera-Page) {
            set req.url = req.url + "&referrer=" + req.http.Tessera-Page;
        }
    }
    unset req.http.Tessera-Page;
}

# What would end a value in an address, or mean something else there. With what no address may hold, servers would refuse
# all of it: as if there were none.
sub tessera_escaped {
    set req.http.Tessera-Page = regsuball(regsuball(regsuball(regsuball(regsuball(req.http.Tessera-Page,
        "%", "%25"), "&", "%26"), "\+", "%2B"), "#", "%23"), "\s", "%20");
    if (req.http.Tessera-Page !~ "^[!$-;=?-~]+$") {
        unset req.http.Tessera-Page;
    }
}

# What only an edge may say, as far as it is read here before it is set. What else clients send of it goes nowhere:
# see tessera_spoken.
sub tessera_forget {
    unset req.http.T-Key;
    unset req.http.T-Slots;
    unset req.http.T-Values;
    unset req.http.T-Country;
    unset req.http.T-Locale;
    unset req.http.T-Network;
    unset req.http.T-Zone;
    unset req.http.T-Consent;
    unset req.http.T-Class;
    unset req.http.T-Utm-Source;
    unset req.http.T-Utm-Medium;
    unset req.http.T-Utm-Campaign;
    unset req.http.T-Utm-Term;
    unset req.http.T-Utm-Content;
    unset req.http.Tessera-Step;
    unset req.http.Tessera-Url;
    unset req.http.Tessera-Keyed-Url;
    unset req.http.Tessera-Fragment;
    unset req.http.Tessera-Again;
    unset req.http.Tessera-Grace;
    unset req.http.Tessera-Failed;
    unset req.http.Tessera-From;
    unset req.http.Tessera-Unread;
}

# To some servers T_Key is the same as T-Key; names know no upper case.
sub tessera_spoken {
    unset bereq.http.T-Edge;
    unset bereq.http.T-Private;
    unset bereq.http.T-Slots;
    unset bereq.http.Tessera-Url;
    unset bereq.http.Tessera-Keyed-Url;
    unset bereq.http.Tessera-Again;
    unset bereq.http.Tessera-Failed;
    unset bereq.http.Tessera-From;
    unset bereq.http.Tessera-Unread;
    unset bereq.http.Tessera-Said;
    unset bereq.http.Tessera-Page;
    unset bereq.http.T_Key;
    unset bereq.http.T_Slots;
    unset bereq.http.T_Private;
    unset bereq.http.T_Values;
    unset bereq.http.T_Edge;
    unset bereq.http.T_Country;
    unset bereq.http.T_Device;
    unset bereq.http.T_Locale;
    unset bereq.http.T_Network;
    unset bereq.http.T_Referrer;
    unset bereq.http.T_Zone;
    unset bereq.http.T_Consent;
    unset bereq.http.T_Class;
    unset bereq.http.T-Utm_Source;
    unset bereq.http.T_Utm-Source;
    unset bereq.http.T_Utm_Source;
    unset bereq.http.T-Utm_Medium;
    unset bereq.http.T_Utm-Medium;
    unset bereq.http.T_Utm_Medium;
    unset bereq.http.T-Utm_Campaign;
    unset bereq.http.T_Utm-Campaign;
    unset bereq.http.T_Utm_Campaign;
    unset bereq.http.T-Utm_Term;
    unset bereq.http.T_Utm-Term;
    unset bereq.http.T_Utm_Term;
    unset bereq.http.T-Utm_Content;
    unset bereq.http.T_Utm-Content;
    unset bereq.http.T_Utm_Content;
}

sub vcl_hash {
    if (req.http.Tessera-Step == "key") {
        hash_data("tessera-key " + req.http.T-Slots);
        return (lookup);
    }
    # Beside Vary: what is stored under many keys is found at once. Never what was stored without a key.
    if (req.http.Tessera-Step == "keyed") {
        hash_data("tessera-keyed " + req.http.X-Forwarded-Proto + " " + req.http.T-Key);
        if (req.http.Tessera-Fragment) {
            hash_data(req.url);
            return (lookup);
        }
    }
}

# What is stale is shown while a new answer is fetched, as long as the answer allows that; longer, only after a failure.
sub vcl_hit {
    # All that is wanted of a key is read here, which costs less than to deliver it.
    if (req.http.Tessera-Step == "key" && obj.ttl > 0s) {
        if (req.http.Tessera-Grace || req.http.Tessera-Failed) {
            unset req.http.Tessera-Grace;
            unset req.http.Tessera-Failed;
        }
        if (!obj.http.T-Key) {
            return (pass);
        }
        set req.http.T-Key = obj.http.T-Key;
        set req.http.Tessera-Step = "keyed";
        return (restart);
    }
    if (obj.ttl < 0s && req.http.Tessera-Step && !req.http.Tessera-Failed && std.healthy(req.backend_hint) &&
        (req.http.Tessera-Step == "key" || obj.ttl + std.duration(regsub(obj.http.Cache-Control,
            "(?i)^(?:.*\bstale-while-revalidate=([0-9]{1,8})\b)?.*$", "\1s"), 0s) < 0s)) {
        # One restart has to be left, for what comes may be personal.
        if (req.restarts > 2) {
            return (pass);
        }
        set req.http.Tessera-Grace = "0";
        if (req.http.Tessera-Step == "keyed" && obj.http.Cache-Control ~ "(?i)\bstale-while-revalidate=[0-9]{1,8}\b") {
            set req.http.Tessera-Grace =
                regsub(obj.http.Cache-Control, "(?i)^.*\bstale-while-revalidate=([0-9]{1,8})\b.*$", "\1");
        }
        return (restart);
    }
}

# Also where the answer under this key was found to be personal a moment ago.
sub vcl_pass {
    if (req.http.Tessera-Step && req.http.Tessera-Step != "pass") {
        call tessera_passed;
    }
}

# What is piped is one request, and says nothing for an edge: the rest of the connection would be a client's own words.
sub vcl_pipe {
    call tessera_spoken;
    set bereq.http.Connection = "close";
}

sub vcl_backend_fetch {
    if (bereq.http.Tessera-Step == "key") {
        set bereq.url = "/v1/audience?slots=" + regsuball(bereq.http.T-Slots, "[^A-Za-z0-9._~/@!,-]", "");
        set bereq.http.host = "tessera";
        call tessera_spoken;
        call tessera_unkeyed;
        unset bereq.http.T-Key;
        set bereq.http.T-Edge = "1";
        set bereq.http.Accept = "application/json";
        set bereq.connect_timeout = 0.5s;
        set bereq.first_byte_timeout = 1s;
        set bereq.between_bytes_timeout = 1s;
        call tessera_key;
    } else {
        call tessera_spoken;
        if (bereq.http.Tessera-Step == "keyed" && !bereq.uncacheable) {
            call tessera_unkeyed;
            set bereq.http.Accept = "text/html, */*;q=0.8";
            if (bereq.http.Tessera-Fragment) {
                set bereq.http.host = "tessera";
                set bereq.http.Accept = "application/json";
                unset bereq.http.T-Locale;
                call tessera_key;
                # Whose address has a key is let in by that, or not at all.
                if (bereq.url ~ "[?&]key=") {
                    unset bereq.http.X-Tessera-Key;
                }
            }
        } else {
            unset bereq.http.T-Locale;
            # A fragment that is the visitor's own comes of the page, which has no key to send along.
            if (bereq.http.Tessera-Fragment && !bereq.http.X-Tessera-Key && !bereq.http.Authorization &&
                bereq.url !~ "[?&]key=") {
                call tessera_key;
            }
        }
        if (bereq.http.Tessera-Step) {
            set bereq.http.Surrogate-Capability = {"tessera="ESI/1.0""};
        }
        unset bereq.http.T-Country;
        unset bereq.http.T-Device;
        unset bereq.http.T-Network;
        unset bereq.http.T-Referrer;
        unset bereq.http.T-Utm-Source;
        unset bereq.http.T-Utm-Medium;
        unset bereq.http.T-Utm-Campaign;
        unset bereq.http.T-Utm-Term;
        unset bereq.http.T-Utm-Content;
        unset bereq.http.T-Zone;
        unset bereq.http.T-Consent;
        unset bereq.http.T-Class;
    }
}

# What is of this visitor or of this connection, and what makes servers answer something else than the address says.
# tessera_strict.vcl leaves nothing but what it names.
sub tessera_unkeyed {
    unset bereq.body;
    unset bereq.http.Accept-Language;
    unset bereq.http.Authorization;
    unset bereq.http.Cache-Control;
    unset bereq.http.CF-Connecting-IP;
    unset bereq.http.CF-IPCountry;
    unset bereq.http.Client-IP;
    unset bereq.http.Content-Length;
    unset bereq.http.Content-Type;
    unset bereq.http.Cookie;
    unset bereq.http.DNT;
    unset bereq.http.ECT;
    unset bereq.http.Expect;
    unset bereq.http.Fastly-Client-IP;
    unset bereq.http.Forwarded;
    unset bereq.http.From;
    unset bereq.http.Front-End-Https;
    unset bereq.http.Max-Forwards;
    unset bereq.http.Origin;
    unset bereq.http.Pragma;
    unset bereq.http.Prefer;
    unset bereq.http.Referer;
    unset bereq.http.Save-Data;
    unset bereq.http.Sec-CH-UA;
    unset bereq.http.Sec-CH-UA-Mobile;
    unset bereq.http.Sec-CH-UA-Platform;
    unset bereq.http.Sec-GPC;
    unset bereq.http.True-Client-IP;
    set bereq.http.User-Agent = "Varnish";
    unset bereq.http.Via;
    unset bereq.http.X-Client-IP;
    unset bereq.http.X-Cluster-Client-IP;
    unset bereq.http.X-Forwarded;
    unset bereq.http.X-Forwarded-By;
    unset bereq.http.X-Forwarded-For;
    unset bereq.http.X-Forwarded-Host;
    unset bereq.http.X-Forwarded-Path;
    unset bereq.http.X-Forwarded-Port;
    unset bereq.http.X-Forwarded-Prefix;
    unset bereq.http.X-Forwarded-Scheme;
    unset bereq.http.X-Forwarded-Server;
    unset bereq.http.X-Forwarded-Ssl;
    unset bereq.http.X-Host;
    unset bereq.http.X-HTTP-Host-Override;
    unset bereq.http.X-HTTP-Method;
    unset bereq.http.X-HTTP-Method-Override;
    unset bereq.http.X-Method-Override;
    unset bereq.http.X-Original-Host;
    unset bereq.http.X-Original-URI;
    unset bereq.http.X-Original-URL;
    unset bereq.http.X-Real-IP;
    unset bereq.http.X-Requested-With;
    unset bereq.http.X-Rewrite-URL;
    unset bereq.http.X-Tessera-Key;
    unset bereq.http.X-Tessera-User-Token;
    unset bereq.http.X-URL-Scheme;
}

sub vcl_backend_response {
    unset beresp.http.Tessera-Unshared;
    unset beresp.http.Tessera-Own;
    unset beresp.http.Tessera-Stale;
    std.collect(beresp.http.Cache-Control);
    std.collect(beresp.http.Vary);
    std.collect(beresp.http.xkey, " ");
    # Who includes fragments says so; a fragment never does, whatever stands in its content.
    if (bereq.http.Tessera-Step && !bereq.http.Tessera-Fragment && beresp.http.Surrogate-Control ~ "(?i)ESI/1\.0") {
        set beresp.do_esi = true;
        # They are of the page without its fragments: nobody may find the whole unchanged by them.
        unset beresp.http.ETag;
        unset beresp.http.Last-Modified;
    }
    if (bereq.http.Tessera-Step == "key") {
        call tessera_stored_key;
        return (deliver);
    }
    if (bereq.http.Tessera-Step == "keyed" && !bereq.uncacheable) {
        call tessera_stored_page;
        return (deliver);
    }
}

sub tessera_stored_key {
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    unset beresp.http.ETag;
    unset beresp.http.Last-Modified;
    unset beresp.http.T-Values;
    # A key that is stored holds for all of its slots: vcl_hit looks no further. Longer than servers take a header, or
    # not of its form: as if there were none. Where this edge is not believed, the key is not the visitor's, but its own.
    if (beresp.status != 200 || beresp.http.T-Private || beresp.http.T-Error ~ "^(untrusted|version)$" ||
        beresp.http.T-Key !~ "^[A-Za-z0-9._~/@!=,-]{1,8000}$") {
        unset beresp.http.T-Key;
    }
    if (beresp.status != 200) {
        call tessera_keep_stale;
        call tessera_no_key;
    } elseif (beresp.http.Set-Cookie || beresp.http.Cache-Control !~ "(?i)\bs-maxage=" ||
              beresp.http.Cache-Control ~ "(?i)\b(private|no-store|no-cache)\b") {
        call tessera_no_key;
        set beresp.uncacheable = true;
    } else {
        call tessera_stale_if_error;
    }
}

# Whoever is alike does not wait for the same failure again in the same second.
sub tessera_no_key {
    set beresp.ttl = 1s;
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    set beresp.http.Vary = "T-Country, T-Device, T-Locale, T-Network, T-Referrer, T-Utm-Source, T-Utm-Medium, T-Utm-Campaign, T-Utm-Term, T-Utm-Content, T-Zone, T-Consent, T-Class";
}

sub tessera_stored_page {
    unset beresp.http.T-Edge;
    unset beresp.http.T-Error;
    unset beresp.http.T-Key;
    unset beresp.http.T-Private;
    unset beresp.http.T-Values;
    unset beresp.http.Surrogate-Key;
    unset beresp.http.Surrogate-Control;
    unset beresp.http.Cache-Tag;
    unset beresp.http.CDN-Cache-Control;
    unset beresp.http.Cloudflare-CDN-Cache-Control;
    unset beresp.http.Accept-Ranges;
    std.collect(beresp.http.Cache-Status);
    if (beresp.http.Vary) {
        set beresp.http.Vary = "T-Key, " + beresp.http.Vary;
    } else {
        set beresp.http.Vary = "T-Key";
    }
    # It was fetched without the others, so it does not depend on them.
    set beresp.http.Vary = regsuball(beresp.http.Vary,
        "(?i),\s*(T-Key|Cookie|User-Agent|Accept-Language|Authorization|Origin|Referer|Save-Data|ECT|Sec-[a-z-]+)(?=\s*(,|$))", "");
    if (beresp.status >= 500 || beresp.status == 409) {
        call tessera_keep_stale;
        set beresp.http.Tessera-Unshared = "1";
        unset beresp.http.Set-Cookie;
        set beresp.ttl = 0s;
        set beresp.grace = 0s;
        set beresp.keep = 0s;
    } elseif (beresp.http.Set-Cookie || beresp.http.Vary ~ "\*" ||
              beresp.http.Cache-Control !~ "(?i)\b(s-maxage=|public\b)" ||
              beresp.http.Cache-Control ~ "(?i)\b(private|no-store|no-cache)\b") {
        if (bereq.http.Tessera-Fragment) {
            set beresp.http.Tessera-Unshared = "1";
            unset beresp.http.Set-Cookie;
            set beresp.ttl = 1s;
            set beresp.uncacheable = true;
        } else {
            # The page is personal, whatever its slots are: the visitor gets their own, and so do those who come next.
            set beresp.http.Tessera-Own = "1";
            return (pass (10s));
        }
    } else {
        set beresp.grace = 0s;
        if (beresp.http.Cache-Control ~ "(?i)\bstale-while-revalidate=[0-9]{1,8}\b") {
            set beresp.grace = std.duration(regsub(beresp.http.Cache-Control,
                "(?i)^.*\bstale-while-revalidate=([0-9]{1,8})\b.*$", "\1s"), 0s);
        }
        call tessera_stale_if_error;
    }
}

sub tessera_stale_if_error {
    if (beresp.http.Cache-Control ~ "(?i)\bstale-if-error=[0-9]{1,8}\b" &&
        std.duration(regsub(beresp.http.Cache-Control, "(?i)^.*\bstale-if-error=([0-9]{1,8})\b.*$", "\1s"), 0s) > beresp.grace) {
        set beresp.grace =
            std.duration(regsub(beresp.http.Cache-Control, "(?i)^.*\bstale-if-error=([0-9]{1,8})\b.*$", "\1s"), 0s);
    }
}

# Where nothing new takes its place, what is stored stays: vcl_synth goes on with it.
sub tessera_keep_stale {
    if (bereq.is_bgfetch || (bereq.http.Tessera-Grace && beresp.status >= 500)) {
        return (abandon);
    }
}

sub vcl_backend_error {
    if (bereq.http.Tessera-Step == "keyed" && !bereq.uncacheable) {
        call tessera_keep_stale;
        set beresp.http.Tessera-Unshared = "1";
    }
    if (bereq.http.Tessera-Step == "key") {
        call tessera_keep_stale;
        call tessera_no_key;
        return (deliver);
    }
}

sub vcl_deliver {
    if (req.http.Tessera-Step == "keyed") {
        if (resp.status == 409 && req.http.T-Key) {
            if (req.http.Tessera-Again || req.restarts > 1) {
                set req.http.Tessera-Step = "pass";
            } else {
                set req.http.Tessera-Step = "key";
                set req.http.Tessera-Again = "1";
            }
            unset req.http.Tessera-Grace;
            unset req.http.Tessera-Failed;
            return (restart);
        }
        if (resp.http.Tessera-Own) {
            set req.http.Tessera-Step = "pass";
            return (restart);
        }
        if (req.esi_level > 0 && resp.status != 200) {
            return (synth(204));
        }
        call tessera_downstream;
    } elseif (req.http.Tessera-Step == "key") {
        unset req.http.Tessera-Grace;
        unset req.http.Tessera-Failed;
        if (resp.http.T-Key) {
            set req.http.T-Key = resp.http.T-Key;
            set req.http.Tessera-Step = "keyed";
        } else {
            set req.http.Tessera-Step = "pass";
        }
        return (restart);
    } else {
        if (req.http.Tessera-Step) {
            if (req.esi_level > 0 && resp.status != 200) {
                return (synth(204));
            }
            std.collect(resp.http.Cache-Status);
            if (resp.http.Cache-Status) {
                set resp.http.Cache-Status = resp.http.Cache-Status + ", ";
            }
            set resp.http.Cache-Status = resp.http.Cache-Status + "varnish; fwd=bypass";
        }
        call tessera_unsaid;
    }
    unset resp.http.xkey;
    unset resp.http.T-State;
    unset resp.http.Tessera-Stale;  # of pages that an older configuration stored
}

# What is between caches and Tessera. What is stored under a key has lost it already.
sub tessera_unsaid {
    unset resp.http.T-Edge;
    unset resp.http.T-Error;
    unset resp.http.T-Key;
    unset resp.http.T-Private;
    unset resp.http.T-Values;
    unset resp.http.Surrogate-Key;
    unset resp.http.Surrogate-Control;
    unset resp.http.Cache-Tag;
    unset resp.http.CDN-Cache-Control;
    unset resp.http.Cloudflare-CDN-Cache-Control;
}

# To the visitor's browser: to be asked for again each time, which costs a 304.
sub tessera_downstream {
    if (resp.http.Tessera-Unshared) {
        unset resp.http.Tessera-Unshared;
    } else {
        set resp.http.Cache-Control = "private, no-cache";
    }
    if (resp.http.Vary == "T-Key") {
        unset resp.http.Vary;
    } else {
        set resp.http.Vary = regsub(regsuball(resp.http.Vary, "(?i)(^|,)\s*T-[^,]*", ""), "^\s*,\s*", "");
        if (resp.http.Vary !~ "\S") {
            unset resp.http.Vary;
        }
    }
    # The whole of it or nothing: parts of two audiences make no page.
    if (req.http.Range) {
        unset req.http.Range;
    }
    unset resp.http.Accept-Ranges;
    # RFC 9211: what this cache did, after what caches behind it did.
    if (resp.http.Cache-Status) {
        set resp.http.Cache-Status = resp.http.Cache-Status + ", ";
    }
    if (obj.hits > 0) {
        set resp.http.Cache-Status = resp.http.Cache-Status + "varnish; hit; ttl=" + std.integer(duration=obj.ttl);
    } else {
        set resp.http.Cache-Status = resp.http.Cache-Status + "varnish; fwd=miss";
    }
}

sub vcl_synth {
    # Nothing new is to be had: what is stored, as long as that may be shown after a failure.
    if ((req.http.Tessera-Step == "key" || req.http.Tessera-Step == "keyed") && req.http.Tessera-Grace &&
        !req.http.Tessera-Failed && resp.status == 503 && req.restarts < 4) {
        unset req.http.Tessera-Grace;
        set req.http.Tessera-Failed = "1";
        return (restart);
    }
    # Where the request ends is not sure, so nothing after it is one.
    if (resp.status == 400 || resp.status == 405) {
        set resp.http.Connection = "close";
    }
    # In place of a fragment that failed there is nothing, and the page around it is whole.
    if (req.http.Tessera-Step && req.esi_level > 0) {
        synthetic("");
        return (deliver);
    }
}
