# Purges by surrogate keys, for Tessera's adapter `varnish`: this, and nothing else. Needs the module xkey.
#
# Answers are stored under the keys in their header `xkey`, and may say in `T-State` of which published state they are
# made; both must still be there when they are stored. A purge is
#
#   TESSERAPURGE / HTTP/1.1
#   Tessera-Purge-Secret: SECRET
#   Tessera-Purge-Mode: soft                 (or hard)
#   Tessera-Purge-Keys: KEY KEY ...
#   Tessera-Purge-Spared: ^(7|8)[.](31|32)$  (only for the second purge of a change: what says in T-State that it was
#                                            made of such a state stays)
#
# and is answered 200 with `Tessera-Purge: done`, or refused with another word there. Include this before all other
# subroutines, and write beside it who may purge, and with what:
#
#   acl tessera_purgers { "10.0.0.0"/24; }
#   sub tessera_purge_secret { set req.http.Tessera-Purge-Expected = "16 characters or more"; }
vcl 4.0;

import std;
import xkey;

sub vcl_recv {
    if (req.method == "TESSERAPURGE") {
        call tessera_purge_check;
        if (req.http.Tessera-Purge-Spared) {
            call tessera_purge_late;
        }
        if (req.http.Tessera-Purge-Mode == "soft") {
            set req.http.Tessera-Purge-Gone = xkey.softpurge(req.http.Tessera-Purge-Keys);
        } else {
            set req.http.Tessera-Purge-Gone = xkey.purge(req.http.Tessera-Purge-Keys);
        }
        set req.http.Tessera-Purge-Said = "done";
        return (synth(200));
    }
}

# What says of no state is found by the second purge of a change too, under keys of its own. Such keys may be there
# already, of a cache behind this one, beside others that have none.
sub vcl_backend_response {
    std.collect(beresp.http.T-State);
    std.collect(beresp.http.xkey, " ");
    if (beresp.http.T-State !~ "^[0-9]+\.[0-9]+$") {
        unset beresp.http.T-State;
        if (beresp.http.xkey) {
            set beresp.http.xkey = regsuball(beresp.http.xkey, "(?<![^\s,])again:[^\s,]*", "");
            set beresp.http.xkey = beresp.http.xkey + " " + regsuball(beresp.http.xkey, "([^\s,]+)", "again:\1");
        }
    }
}

# The others by a ban, for their states are compared. What is stale since the first purge, if that was soft, stays so.
sub tessera_purge_late {
    set req.http.Tessera-Purge-Late = regsuball(req.http.Tessera-Purge-Keys, "([^A-Za-z0-9 ])", "\\\1");
    set req.http.Tessera-Purge-Late = "obj.http.T-State ~ . && obj.http.T-State !~ " + req.http.Tessera-Purge-Spared +
        " && obj.http.xkey ~ (^|[,\s])(" + regsuball(req.http.Tessera-Purge-Late, " ", "|") + ")([,\s]|$)";
    if (req.http.Tessera-Purge-Mode == "soft") {
        set req.http.Tessera-Purge-Late = "obj.ttl > 0s && " + req.http.Tessera-Purge-Late;
    }
    if (!std.ban(req.http.Tessera-Purge-Late)) {
        set req.http.Tessera-Purge-Said = "ban";
        return (synth(403));
    }
    set req.http.Tessera-Purge-Keys = regsuball(req.http.Tessera-Purge-Keys, "([^ ]+)", "again:\1");
}

sub tessera_purge_check {
    unset req.http.Tessera-Purge-Expected;
    unset req.http.Tessera-Purge-Gone;
    if (client.ip !~ tessera_purgers) {
        set req.http.Tessera-Purge-Said = "address";
        return (synth(403));
    }
    call tessera_purge_secret;
    if (req.http.Tessera-Purge-Expected !~ "^[!-~]{16,}$") {
        set req.http.Tessera-Purge-Said = "unset";
        return (synth(403));
    }
    if (req.http.Tessera-Purge-Secret != req.http.Tessera-Purge-Expected) {
        set req.http.Tessera-Purge-Said = "secret";
        return (synth(403));
    }
    if (req.http.Tessera-Purge-Spared && req.http.Tessera-Purge-Spared !~ "^\^[][(){}0-9.,|-]{1,2000}\$$") {
        set req.http.Tessera-Purge-Said = "request";
        return (synth(400));
    }
    if (req.http.Tessera-Purge-Keys !~ "^[!-+\--~]+( [!-+\--~]+)*$" || req.http.Tessera-Purge-Mode !~ "^(soft|hard)$") {
        set req.http.Tessera-Purge-Said = "request";
        return (synth(400));
    }
}

sub vcl_synth {
    if (req.method == "TESSERAPURGE") {
        set resp.http.Tessera-Purge = req.http.Tessera-Purge-Said;
        set resp.http.Tessera-Purge-Gone = req.http.Tessera-Purge-Gone;
        set resp.http.Content-Type = "text/plain";
        synthetic(req.http.Tessera-Purge-Said);
        return (deliver);
    }
}
