# Purges by surrogate keys, for Tessera's adapter `varnish`: this, and nothing else. Needs the module xkey.
#
# Answers are stored under the keys in their header `xkey`. A purge is
#
#   TESSERAPURGE / HTTP/1.1
#   Tessera-Purge-Secret: SECRET
#   Tessera-Purge-Mode: soft                 (or hard)
#   Tessera-Purge-Keys: KEY KEY ...
#
# and is answered 200 with `Tessera-Purge: done`, or refused with another word there. Include this before all other
# subroutines, and write beside it who may purge, and with what:
#
#   acl tessera_purgers { "10.0.0.0"/24; }
#   sub tessera_purge_secret { set req.http.Tessera-Purge-Expected = "16 characters or more"; }
vcl 4.0;

import xkey;

sub vcl_recv {
    if (req.method == "TESSERAPURGE") {
        call tessera_purge_check;
        if (req.http.Tessera-Purge-Mode == "soft") {
            set req.http.Tessera-Purge-Gone = xkey.softpurge(req.http.Tessera-Purge-Keys);
        } else {
            set req.http.Tessera-Purge-Gone = xkey.purge(req.http.Tessera-Purge-Keys);
        }
        set req.http.Tessera-Purge-Said = "done";
        return (synth(200));
    }
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
