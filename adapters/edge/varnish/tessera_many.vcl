# Beside tessera_edge.vcl, and included before it, where rules tell many kinds of visitors apart, or many visitors come
# by campaigns. It asks for fewer keys: of countries and campaigns that are alike to the slots, as Tessera said with the
# last key for them (T-Values), it asks by one. And it finds a key among thousands as fast as among ten: Varnish compares
# the stored answers of one address one after another; here those inputs that the last answer named in its Vary, and
# that have many values, are part of what is looked up. Vary still decides: nothing is shown that it would not show.
# Needs the modules var and str of varnish-modules.
#
# For each list of slots one text is remembered: what Vary named (by a letter: country, class, source, name of campaign),
# and T-Values, "none" where every value counts.
#
#   -nk 5f1c09d2a4b7e813 country /AD/AE/.../ZW/ T-Utm-Campaign; T-Utm-Campaign=summer;
vcl 4.1;

import std;
import str;
import var;

# What was alike for the key is not for what follows.
sub vcl_recv {
    if (req.restarts == 0) {
        unset req.http.T-Values;
        unset req.http.Tessera-Exactly;
        unset req.http.Tessera-Country;
        unset req.http.Tessera-Campaign;
    } elseif (req.http.Tessera-Country || req.http.Tessera-Campaign || req.http.T-Values) {
        call tessera_many_as_told;
    }
}

sub vcl_pass {
    if (req.http.Tessera-Country || req.http.Tessera-Campaign || req.http.T-Values) {
        call tessera_many_as_told;
    }
}

sub vcl_hash {
    if (req.http.Tessera-Step == "key") {
        call tessera_many_key;
    }
}

# What is stored by other words is never found: they are part of what is looked up.
sub tessera_many_key {
    var.set("told", var.global_get("tessera " + req.http.T-Slots));
    if (!req.http.Tessera-Exactly && var.get("told") ~ "^\S+ (?!none)") {
        hash_data("values " + str.split(var.get("told"), 2, " "));
        if (req.http.T-Country && str.contains(var.get("told"), "/" + req.http.T-Country + "/")) {
            set req.http.Tessera-Country = req.http.T-Country;
            set req.http.T-Country = str.split(var.get("told"), 2, "/");
        }
        if (req.http.T-Utm-Source || req.http.T-Utm-Medium || req.http.T-Utm-Campaign || req.http.T-Utm-Term ||
            req.http.T-Utm-Content) {
            call tessera_many_campaigns;
        }
    }
    if (req.http.T-Country && var.get("told") ~ "^-[ksc]*n") {
        hash_data("country " + req.http.T-Country);
    }
    if (req.http.T-Class && var.get("told") ~ "^-[nsc]*k") {
        hash_data("class " + req.http.T-Class);
    }
    if (req.http.T-Utm-Source && var.get("told") ~ "^-[nkc]*s") {
        hash_data("source " + req.http.T-Utm-Source);
    }
    if (req.http.T-Utm-Campaign && var.get("told") ~ "^-[nks]*c") {
        hash_data("campaign " + req.http.T-Utm-Campaign);
    }
}

# Whatever is asked by these values says by which words, and Tessera gives no key by what is published no more.
sub vcl_miss {
    call tessera_many_say;
}

sub vcl_hit {
    if (obj.ttl <= 0s) {
        call tessera_many_say;
    }
}

sub tessera_many_say {
    if (req.http.Tessera-Step == "key" && !req.http.Tessera-Exactly && var.get("told") ~ "^\S+ (?!none)") {
        set req.http.T-Values = str.split(var.get("told"), 2, " ");
    }
}

sub tessera_many_campaigns {
    unset req.http.Tessera-Utm-Source;
    unset req.http.Tessera-Utm-Medium;
    unset req.http.Tessera-Utm-Campaign;
    unset req.http.Tessera-Utm-Term;
    unset req.http.Tessera-Utm-Content;
    if (req.http.T-Utm-Source && str.contains(var.get("told"), " T-Utm-Source;") &&
        !str.contains(var.get("told"), " T-Utm-Source=" + req.http.T-Utm-Source + ";")) {
        set req.http.Tessera-Campaign = "1";
        set req.http.Tessera-Utm-Source = req.http.T-Utm-Source;
        set req.http.T-Utm-Source = "~";
    }
    if (req.http.T-Utm-Medium && str.contains(var.get("told"), " T-Utm-Medium;") &&
        !str.contains(var.get("told"), " T-Utm-Medium=" + req.http.T-Utm-Medium + ";")) {
        set req.http.Tessera-Campaign = "1";
        set req.http.Tessera-Utm-Medium = req.http.T-Utm-Medium;
        set req.http.T-Utm-Medium = "~";
    }
    if (req.http.T-Utm-Campaign && str.contains(var.get("told"), " T-Utm-Campaign;") &&
        !str.contains(var.get("told"), " T-Utm-Campaign=" + req.http.T-Utm-Campaign + ";")) {
        set req.http.Tessera-Campaign = "1";
        set req.http.Tessera-Utm-Campaign = req.http.T-Utm-Campaign;
        set req.http.T-Utm-Campaign = "~";
    }
    if (req.http.T-Utm-Term && str.contains(var.get("told"), " T-Utm-Term;") &&
        !str.contains(var.get("told"), " T-Utm-Term=" + req.http.T-Utm-Term + ";")) {
        set req.http.Tessera-Campaign = "1";
        set req.http.Tessera-Utm-Term = req.http.T-Utm-Term;
        set req.http.T-Utm-Term = "~";
    }
    if (req.http.T-Utm-Content && str.contains(var.get("told"), " T-Utm-Content;") &&
        !str.contains(var.get("told"), " T-Utm-Content=" + req.http.T-Utm-Content + ";")) {
        set req.http.Tessera-Campaign = "1";
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
    if (req.http.Tessera-Campaign) {
        unset req.http.Tessera-Campaign;
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
}

# Of this file alone, and clients may have sent some of it.
sub vcl_backend_fetch {
    unset bereq.http.Tessera-Exactly;
    unset bereq.http.Tessera-Country;
    unset bereq.http.Tessera-Campaign;
    unset bereq.http.Tessera-Utm-Source;
    unset bereq.http.Tessera-Utm-Medium;
    unset bereq.http.Tessera-Utm-Campaign;
    unset bereq.http.Tessera-Utm-Term;
    unset bereq.http.Tessera-Utm-Content;
}

# Of pages and of fragments of one slot, which are not more than there are; clients may ask for slots in any order.
sub vcl_backend_response {
    if (bereq.http.Tessera-Step == "key" && beresp.status == 200 && (beresp.http.T-Key || beresp.http.T-Values) &&
        (bereq.url !~ "," || !bereq.http.Tessera-Fragment)) {
        call tessera_many_told;
    }
}

# What an answer does not say stays as it was: T-Values is for who went by something else, and a refusal has no Vary.
sub tessera_many_told {
    var.set("slots", regsub(bereq.url, "^[^=]*=", "tessera "));
    var.set("told", var.global_get(var.get("slots")));
    var.set("reads", regsub(var.get("told"), " .*$", ""));
    var.set("values", regsub(var.get("told"), "^\S* ?", ""));
    if (beresp.http.T-Key) {
        std.collect(beresp.http.Vary);
        var.set("reads", "-");
        if (beresp.http.Vary ~ "(?i)T-Country") {
            var.set("reads", var.get("reads") + "n");
        }
        if (beresp.http.Vary ~ "(?i)T-Class") {
            var.set("reads", var.get("reads") + "k");
        }
        if (beresp.http.Vary ~ "(?i)T-Utm-Source") {
            var.set("reads", var.get("reads") + "s");
        }
        if (beresp.http.Vary ~ "(?i)T-Utm-Campaign") {
            var.set("reads", var.get("reads") + "c");
        }
    }
    if (beresp.http.T-Values) {
        var.set("values", beresp.http.T-Values);
    }
    if (var.get("reads") !~ "^-") {
        var.set("reads", "-");
    }
    if (var.get("values") !~ "\S") {
        var.set("values", "none");
    }
    var.global_set(var.get("slots"), var.get("reads") + " " + var.get("values"));
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
