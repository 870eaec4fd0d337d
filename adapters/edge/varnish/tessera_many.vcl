# Beside tessera_edge.vcl, and included before it, where rules tell many kinds of visitors apart, or many visitors come
# by campaigns. It asks for fewer keys: of countries and campaigns that are alike to the slots, as Tessera said with the
# last key for them (T-Values), it asks by one. And it finds a key among thousands as fast as among ten: Varnish compares
# the stored answers of one address one after another; here those inputs that the last answer named in its Vary, and
# that have many values, are part of what is looked up. Vary still decides: nothing is shown that it would not show.
# Needs the modules var and str of varnish-modules.
vcl 4.1;

import str;
import var;

# What was alike for the key is not for what follows.
sub vcl_recv {
    if (req.restarts == 0) {
        unset req.http.T-Values;
        unset req.http.Tessera-Exactly;
        unset req.http.Tessera-Country;
        unset req.http.Tessera-Utm-Source;
        unset req.http.Tessera-Utm-Medium;
        unset req.http.Tessera-Utm-Campaign;
        unset req.http.Tessera-Utm-Term;
        unset req.http.Tessera-Utm-Content;
    } elseif (req.http.T-Values) {
        call tessera_many_as_told;
    }
}

sub vcl_pass {
    if (req.http.T-Values) {
        call tessera_many_as_told;
    }
}

sub vcl_hash {
    if (req.http.Tessera-Step == "key") {
        if (!req.http.Tessera-Exactly) {
            call tessera_many_alike;
        }
        set req.http.Tessera-Reads = var.global_get("/v1/audience?slots=" + req.http.T-Slots);
        if (req.http.Tessera-Reads) {
            if (req.http.T-Country && req.http.Tessera-Reads ~ "T-Country") {
                hash_data("country " + req.http.T-Country);
            }
            if (req.http.T-Class && req.http.Tessera-Reads ~ "T-Class") {
                hash_data("class " + req.http.T-Class);
            }
            if (req.http.T-Utm-Source && req.http.Tessera-Reads ~ "T-Utm-Source") {
                hash_data("source " + req.http.T-Utm-Source);
            }
            if (req.http.T-Utm-Campaign && req.http.Tessera-Reads ~ "T-Utm-Campaign") {
                hash_data("campaign " + req.http.T-Utm-Campaign);
            }
        }
        unset req.http.Tessera-Reads;
    }
}

# T-Values says by what it went, and Tessera gives no key by what is published no more. What is stored by other words is
# never found: they are part of what is looked up.
sub tessera_many_alike {
    var.set("alike", var.global_get("alike " + req.http.T-Slots));
    if (var.get("alike") ~ " ") {
        set req.http.T-Values = regsub(var.get("alike"), " .*$", "");
        hash_data("values " + req.http.T-Values);
        if (req.http.T-Country && str.contains(var.get("alike"), "/" + req.http.T-Country + "/")) {
            set req.http.Tessera-Country = req.http.T-Country;
            set req.http.T-Country = regsub(var.get("alike"), "^[^/]*/([A-Z]{2})/.*$", "\1");
        }
        call tessera_many_campaigns;
    }
}

sub tessera_many_campaigns {
    if (req.http.T-Utm-Source && var.get("alike") ~ " T-Utm-Source;" &&
        !str.contains(var.get("alike"), " T-Utm-Source=" + req.http.T-Utm-Source + ";")) {
        set req.http.Tessera-Utm-Source = req.http.T-Utm-Source;
        set req.http.T-Utm-Source = "~";
    }
    if (req.http.T-Utm-Medium && var.get("alike") ~ " T-Utm-Medium;" &&
        !str.contains(var.get("alike"), " T-Utm-Medium=" + req.http.T-Utm-Medium + ";")) {
        set req.http.Tessera-Utm-Medium = req.http.T-Utm-Medium;
        set req.http.T-Utm-Medium = "~";
    }
    if (req.http.T-Utm-Campaign && var.get("alike") ~ " T-Utm-Campaign;" &&
        !str.contains(var.get("alike"), " T-Utm-Campaign=" + req.http.T-Utm-Campaign + ";")) {
        set req.http.Tessera-Utm-Campaign = req.http.T-Utm-Campaign;
        set req.http.T-Utm-Campaign = "~";
    }
    if (req.http.T-Utm-Term && var.get("alike") ~ " T-Utm-Term;" &&
        !str.contains(var.get("alike"), " T-Utm-Term=" + req.http.T-Utm-Term + ";")) {
        set req.http.Tessera-Utm-Term = req.http.T-Utm-Term;
        set req.http.T-Utm-Term = "~";
    }
    if (req.http.T-Utm-Content && var.get("alike") ~ " T-Utm-Content;" &&
        !str.contains(var.get("alike"), " T-Utm-Content=" + req.http.T-Utm-Content + ";")) {
        set req.http.Tessera-Utm-Content = req.http.T-Utm-Content;
        set req.http.T-Utm-Content = "~";
    }
}

sub tessera_many_as_told {
    unset req.http.T-Values;
    if (req.http.Tessera-Country) {
        set req.http.T-Country = req.http.Tessera-Country;
        unset req.http.Tessera-Country;
    }
    if (req.http.Tessera-Utm-Source) {
        set req.http.T-Utm-Source = req.http.Tessera-Utm-Source;
        unset req.http.Tessera-Utm-Source;
    }
    if (req.http.Tessera-Utm-Medium) {
        set req.http.T-Utm-Medium = req.http.Tessera-Utm-Medium;
        unset req.http.Tessera-Utm-Medium;
    }
    if (req.http.Tessera-Utm-Campaign) {
        set req.http.T-Utm-Campaign = req.http.Tessera-Utm-Campaign;
        unset req.http.Tessera-Utm-Campaign;
    }
    if (req.http.Tessera-Utm-Term) {
        set req.http.T-Utm-Term = req.http.Tessera-Utm-Term;
        unset req.http.Tessera-Utm-Term;
    }
    if (req.http.Tessera-Utm-Content) {
        set req.http.T-Utm-Content = req.http.Tessera-Utm-Content;
        unset req.http.Tessera-Utm-Content;
    }
}

# Of pages and of fragments of one slot, which are not more than there are; clients may ask for slots in any order.
sub vcl_backend_response {
    if (bereq.http.Tessera-Step == "key" && (bereq.url !~ "," || !bereq.http.Tessera-Fragment)) {
        if (beresp.status == 200 && beresp.http.T-Key && beresp.http.Vary) {
            var.global_set(bereq.url, beresp.http.Vary);
        }
        if (beresp.status == 200 && beresp.http.T-Values) {
            var.global_set("alike " + regsub(bereq.url, "^[^=]*=", ""), beresp.http.T-Values);
        }
    }
}

# It went by what is published no more: once more, by what the visitor's inputs are. Where the key was refused before,
# the restarts that are left are too few for that: the visitor passes, and who comes next goes by the new words.
sub vcl_deliver {
    if (req.http.Tessera-Step == "key" && resp.http.T-Error == "values" && !req.http.Tessera-Exactly) {
        if (req.restarts > 1) {
            set req.http.Tessera-Step = "pass";
        } else {
            set req.http.Tessera-Exactly = "1";
        }
        return (restart);
    }
}
