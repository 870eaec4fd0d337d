# What an edge tells Tessera of a visitor: the fixed list of inputs of the edge protocol, each from a small set of values.
# Included by tessera_edge.vcl. The tables agree with those of the origin; its tests compare them.
vcl 4.1;

# Sets the inputs of a request of which every T- header is gone. T-Country, T-Zone and T-Locale are the operator's to say.
sub tessera_inputs {
    if (req.esi_level > 0) {
        # What an include belongs to is the page: its campaign, its referrer, its language.
        set req.http.T-Country = req_top.http.T-Country;
        set req.http.T-Device = req_top.http.T-Device;
        set req.http.T-Locale = req_top.http.T-Locale;
        set req.http.T-Network = req_top.http.T-Network;
        set req.http.T-Referrer = req_top.http.T-Referrer;
        set req.http.T-Utm-Source = req_top.http.T-Utm-Source;
        set req.http.T-Utm-Medium = req_top.http.T-Utm-Medium;
        set req.http.T-Utm-Campaign = req_top.http.T-Utm-Campaign;
        set req.http.T-Utm-Term = req_top.http.T-Utm-Term;
        set req.http.T-Utm-Content = req_top.http.T-Utm-Content;
        set req.http.T-Zone = req_top.http.T-Zone;
        set req.http.T-Consent = req_top.http.T-Consent;
        set req.http.T-Class = req_top.http.T-Class;
        if (req_top.http.Tessera-Unread) {
            set req.http.Tessera-Step = "pass";
        }
    } else {
        call tessera_utm;
        call tessera_referrer;
        call tessera_device;
        call tessera_network;
        call tessera_consent;
        call tessera_class;
        call tessera_country;
        call tessera_locale;
    }
    call tessera_shapes;
}

# No header is better than an empty one, or one that is not of its form: the origin then knows nothing of it.
sub tessera_shapes {
    if (req.http.T-Country && req.http.T-Country !~ "^[A-Z]{2}$") {
        unset req.http.T-Country;
    }
    if (req.http.T-Zone && req.http.T-Zone !~ "^[A-Za-z0-9_+/-]{1,64}$") {
        unset req.http.T-Zone;
    }
    if (req.http.T-Locale && req.http.T-Locale !~ "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$") {
        unset req.http.T-Locale;
    }
    if (req.http.T-Network && req.http.T-Network == "") {
        unset req.http.T-Network;
    }
    if (req.http.T-Utm-Source && req.http.T-Utm-Source !~ "^[A-Za-z0-9_.~-]{1,64}$") {
        unset req.http.T-Utm-Source;
    }
    if (req.http.T-Utm-Medium && req.http.T-Utm-Medium !~ "^[A-Za-z0-9_.~-]{1,64}$") {
        unset req.http.T-Utm-Medium;
    }
    if (req.http.T-Utm-Campaign && req.http.T-Utm-Campaign !~ "^[A-Za-z0-9_.~-]{1,64}$") {
        unset req.http.T-Utm-Campaign;
    }
    if (req.http.T-Utm-Term && req.http.T-Utm-Term !~ "^[A-Za-z0-9_.~-]{1,64}$") {
        unset req.http.T-Utm-Term;
    }
    if (req.http.T-Utm-Content && req.http.T-Utm-Content !~ "^[A-Za-z0-9_.~-]{1,64}$") {
        unset req.http.T-Utm-Content;
    }
    if (req.http.T-Consent && req.http.T-Consent == "") {
        unset req.http.T-Consent;
    }
    if (req.http.T-Class && req.http.T-Class == "") {
        unset req.http.T-Class;
    }
}

# Of several values the first that is not empty, as at the origin. A value that needs decoding is none (tessera_shapes).
sub tessera_utm {
    if (req.url ~ "(?i)[?&]utm_") {
        if (req.url ~ "(?i)[?&]utm_source=[^&#]") {
            set req.http.T-Utm-Source = regsub(req.url, "(?i)^[^?]*\?(?:.*?&)??utm_source=([^&#]+).*$", "\1");
        }
        if (req.url ~ "(?i)[?&]utm_medium=[^&#]") {
            set req.http.T-Utm-Medium = regsub(req.url, "(?i)^[^?]*\?(?:.*?&)??utm_medium=([^&#]+).*$", "\1");
        }
        if (req.url ~ "(?i)[?&]utm_campaign=[^&#]") {
            set req.http.T-Utm-Campaign = regsub(req.url, "(?i)^[^?]*\?(?:.*?&)??utm_campaign=([^&#]+).*$", "\1");
        }
        if (req.url ~ "(?i)[?&]utm_term=[^&#]") {
            set req.http.T-Utm-Term = regsub(req.url, "(?i)^[^?]*\?(?:.*?&)??utm_term=([^&#]+).*$", "\1");
        }
        if (req.url ~ "(?i)[?&]utm_content=[^&#]") {
            set req.http.T-Utm-Content = regsub(req.url, "(?i)^[^?]*\?(?:.*?&)??utm_content=([^&#]+).*$", "\1");
        }
    }
}

# The speed that the browser estimates, and whether it asks to save data.
sub tessera_network {
    if (req.http.ECT && req.http.ECT ~ "(?i)^\s*(slow-2g|2g|3g|4g)\s*$") {
        set req.http.T-Network = std.tolower(regsub(req.http.ECT, "^\s*(\S+)\s*$", "\1"));
    }
    if (req.http.Save-Data && req.http.Save-Data ~ "(?i)^\s*on\s*$") {
        if (req.http.T-Network) {
            set req.http.T-Network = req.http.T-Network + ",save-data";
        } else {
            set req.http.T-Network = "save-data";
        }
    }
}

# The consent cookie in its own form, and Global Privacy Control. What cannot be read is for the origin to read.
sub tessera_consent {
    if (req.http.Cookie ~ "tessera_consent=" && req.http.Cookie ~ "(^|;)\s*tessera_consent=") {
        set req.http.T-Consent = regsub(req.http.Cookie, "^(?:.*?;)??\s*tessera_consent=([^;]*).*$", "\1");
        if (req.http.T-Consent !~ "^(?!.{257})([a-z][a-z0-9_-]{0,31}=[a-z0-9]{0,8}(,[a-z][a-z0-9_-]{0,31}=[a-z0-9]{0,8}){0,31})?$") {
            set req.http.T-Consent = regsuball(regsuball(req.http.T-Consent, "(?i)%3D", "="), "(?i)%2C", ",");
            set req.http.T-Consent = regsuball(req.http.T-Consent, "[\x22 ]", "");
            # Words may have capitals, purposes may not.
            if (req.http.T-Consent !~ "[A-Z][^=,]*=") {
                set req.http.T-Consent = std.tolower(req.http.T-Consent);
            }
            if (req.http.T-Consent !~ "^(?!.{257})([a-z][a-z0-9_-]{0,31}=[a-z0-9]{0,8}(,[a-z][a-z0-9_-]{0,31}=[a-z0-9]{0,8}){0,31})?$") {
                unset req.http.T-Consent;
                set req.http.Tessera-Unread = "1";
                set req.http.Tessera-Step = "pass";
            }
        }
    }
    if (req.http.Sec-GPC == "1") {
        if (req.http.T-Consent && req.http.T-Consent != "") {
            set req.http.T-Consent = req.http.T-Consent + ",gpc";
        } else {
            set req.http.T-Consent = "gpc";
        }
    }
}

# The class cookie where it has the form of one; none from programs, and none without consent: a word that is no yes is
# a no, as at the origin.
sub tessera_class {
    if (req.http.Cookie ~ "tessera_class=" && req.http.T-Device != "bot" && !req.http.Tessera-Unread &&
        req.http.T-Consent !~ "(^|,)(gpc(,|$)|personalization=(?!(1|true|yes|granted)(,|$)))") {
        set req.http.T-Class = regsub(req.http.Cookie, "^(?:.*?;)??\s*tessera_class=([^;]*).*$", "\1");
        if (req.http.T-Class !~ "^[A-Za-z0-9_-]{1,960}\.[0-9a-f]{12}\.[A-Za-z0-9_-]{22}$") {
            unset req.http.T-Class;
        }
    }
}

# The kind of device. The first are what nearly all browsers send; the rest tells apart what is left.
sub tessera_device {
    if (req.http.Sec-CH-UA && req.http.Sec-CH-UA ~ "HeadlessChrome") {
        set req.http.T-Device = "bot";
    } elseif (req.http.User-Agent ~ "^Mozilla/5\.0 \((Windows NT [0-9.]+(; Win64; x64)?|Macintosh; Intel Mac OS X [0-9_.]+|X11; Linux x86_64)\) AppleWebKit/[0-9.]+ \(KHTML, like Gecko\) (Chrome|Version)/[0-9.]+ Safari/[0-9.]+( Edg/[0-9.]+)?$") {
        set req.http.T-Device = "desktop";
    } elseif (req.http.User-Agent ~ "^Mozilla/5\.0 \(iPhone; CPU iPhone OS [0-9_]+ like Mac OS X\) AppleWebKit/[0-9.]+ \(KHTML, like Gecko\) (Version|CriOS|FxiOS)/[0-9.]+ Mobile/[0-9A-Z]+ Safari/[0-9.]+$") {
        set req.http.T-Device = "mobile";
    } elseif (req.http.User-Agent ~ "^Mozilla/5\.0 \(Linux; Android [0-9.]+; (K|SM-[AFGJMNS][0-9]{3}[0-9A-Z]{0,3})\) AppleWebKit/[0-9.]+ \(KHTML, like Gecko\) (SamsungBrowser/[0-9.]+ )?Chrome/[0-9.]+ Mobile Safari/[0-9.]+$") {
        set req.http.T-Device = "mobile";
    } elseif (req.http.User-Agent ~ "^Mozilla/5\.0 \((Windows NT [0-9.]+(; Win64; x64)?|Macintosh; Intel Mac OS X [0-9_.]+|X11; (Ubuntu; )?Linux x86_64); rv:[0-9.]+\) Gecko/[0-9.]+ Firefox/[0-9.]+$") {
        set req.http.T-Device = "desktop";
    } elseif (req.http.User-Agent ~ "^Mozilla/5\.0 \(iPad; CPU OS [0-9_]+ like Mac OS X\) AppleWebKit/[0-9.]+ \(KHTML, like Gecko\) (Version|CriOS|FxiOS)/[0-9.]+ Mobile/[0-9A-Z]+ Safari/[0-9.]+$") {
        set req.http.T-Device = "tablet";
    } else {
        call tessera_device_rare;
    }
    # Hints settle what a User-Agent of an Android tablet that asks for desktop pages leaves open.
    if (req.http.Sec-CH-UA-Mobile && req.http.T-Device ~ "^(mobile|tablet|desktop|other)$") {
        if (req.http.Sec-CH-UA-Mobile == "?1") {
            if (req.http.T-Device != "tablet") {
                set req.http.T-Device = "mobile";
            }
        } elseif (req.http.Sec-CH-UA-Mobile == "?0") {
            if (req.http.Sec-CH-UA-Platform == {""Android""}) {
                set req.http.T-Device = "tablet";
            } elseif (req.http.Sec-CH-UA-Platform ~ {"^"(Windows|macOS|Mac OS X|Linux|Chrome OS|Chromium OS|ChromeOS)"$"}) {
                set req.http.T-Device = "desktop";
            }
        }
    }
}

sub tessera_device_rare {
    if (req.http.User-Agent !~ "\S") {
        set req.http.T-Device = "other";
    } elseif (req.http.User-Agent ~ {"(?xi)
        (?<!cu)bot\b | crawl | spider | slurp | preview | lighthouse | pagespeed | headless | phantomjs | puppeteer
        | playwright | selenium | ^curl | ^wget | ^libwww | ^python | ^java/ | ^go-http | ^okhttp | ^ruby | ^php | ^perl
        | ^axios | ^node | ^undici | ^got\s | ^guzzle | ^dart | ^rust | reqwest | httpie | ^http_client | httpclient
        | ^postman | insomnia | ^apache- | aiohttp | httpx | scrapy | facebookexternalhit | monitor | uptime | pingdom
        | statuscake | validator | ^whatsapp/ | ^snapchat/ | embedly | bitlybot | ^feed | feedfetcher | ia_archiver
        | bingbot | googlebot | mediapartners-google | adsbot | google-read-aloud | google\ web\ preview | yandex\.com/bots
        | baiduspider | duckduckbot | sogou\ web | ahrefs | semrush | mj12 | dotbot | petalbot | gptbot | claudebot
    "}) {
        set req.http.T-Device = "bot";
    } elseif (req.http.User-Agent ~ {"(?xi)
        watch | \bSM-R[0-9]{3} | \bquest\b | oculus | vision\ pro | tesla | qtcarbrowser | nest\ hub
    "}) {
        set req.http.T-Device = "other";
    } elseif (req.http.User-Agent ~ {"(?xi)
        smart-?tv | smarttv | \btv\b | appletv | apple\ tv | googletv | google\ tv | hbbtv | netcast | web0s | viera | bravia
        | roku | crkey | (?-i:\bAFT[A-Z]) | aquos | philipstv | inettv | dtv | shield\ android | mibox | mitv | tizen.*tv
        | opera\ tv | stb\b | playstation | xbox | nintendo | vidaa | \btvOS\b
    "}) {
        set req.http.T-Device = "tv";
    } elseif (req.http.User-Agent ~ {"(?xi)
        ipad | tablet | kindle | (?-i:\bKF[A-Z]{3,}) | playbook | nexus\ (7|9|10)\b | SM-[TXP][0-9] | silk(?!.*mobile)
    "}) {
        set req.http.T-Device = "tablet";
    } elseif (req.http.User-Agent ~ {"(?xi)
        iphone | ipod | \biOS\b | \bmobi | phone | smartphone | blackberry | bb10 | kaios | opera\ mini | webos(?!.*tv)
    "}) {
        set req.http.T-Device = "mobile";
    } elseif (req.http.User-Agent ~ "(?i)android") {
        # Android's own rule: browsers on phones write "Mobile", those on tablets leave it out.
        set req.http.T-Device = "tablet";
    } elseif (req.http.User-Agent ~ "(?i)symbian|symbos") {
        set req.http.T-Device = "mobile";
    } elseif (req.http.User-Agent ~ "Windows|Macintosh|Mac OS X|Mac_PowerPC|Linux|CrOS") {
        set req.http.T-Device = "desktop";
    } else {
        set req.http.T-Device = "other";
    }
}

# How the visit came about: a click inside the site; else what the campaign says; else the host of the referrer.
sub tessera_referrer {
    if (!req.http.Referer && !req.http.T-Utm-Medium) {
        set req.http.T-Referrer = "direct";
    } else {
        call tessera_referrer_said;
    }
}

sub tessera_referrer_said {
    if (req.http.Referer && req.http.Referer ~ "\S") {
        set req.http.T-Referrer = "other";
        if (req.http.Referer ~ "^.{1001}") {
            # Longer than any host that is known: read no further.
            set req.http.T-Referrer = "other";
        } elseif (req.http.Referer ~ "(?i)^\s*https?://(?:[^/?#\\]*@)?[a-z0-9_.-]+(:[0-9]*)?\s*([/?#]|$)") {
            set req.http.Tessera-From = std.tolower(
                regsub(req.http.Referer, "(?i)^\s*https?://(?:[^/?#\\]*@)?([a-z0-9_.-]+?)\.?(?::[0-9]*)?\s*(?:[/?#].*)?$", "\1"));
            if (regsub(req.http.host, ":[0-9]+$", "") + " " + req.http.Tessera-From ~ "(?i)^(?:www\.)?(\S+) (?:\S+\.)?\1$") {
                set req.http.T-Referrer = "internal";
            }
        } elseif (req.http.Referer ~ "(?i)^\s*(android|ios)-app://") {
            set req.http.Tessera-From = std.tolower(regsub(req.http.Referer, "(?i)^\s*[a-z-]+://([^/?#\s]*).*$", "app:\1"));
        }
    } else {
        set req.http.T-Referrer = "direct";
    }
    if (req.http.T-Referrer == "internal") {
        unset req.http.Tessera-From;
    } elseif (req.http.T-Utm-Medium && req.http.T-Utm-Medium ~ "(?i)^(email|e-mail|e_mail|newsletter|mailing)$") {
        set req.http.T-Referrer = "email";
    } elseif (req.http.T-Utm-Medium && req.http.T-Utm-Medium ~
            "(?i)^(social|social-network|social-media|social_media|sm|paid_social|paidsocial)$") {
        set req.http.T-Referrer = "social";
    } elseif (req.http.T-Utm-Medium && req.http.T-Utm-Medium ~ "(?i)^organic$") {
        set req.http.T-Referrer = "search";
    } elseif (req.http.Tessera-From) {
        call tessera_referrer_host;
    }
    if (req.http.Tessera-From) {
        unset req.http.Tessera-From;
    }
}

sub tessera_referrer_host {
    if (req.http.Tessera-From ~ "^(webmail|roundcube|zimbra|horde|owa)\.") {
        set req.http.T-Referrer = "email";
    } elseif (req.http.Tessera-From ~ {"(?x)
        (?:^|\.)(?:
        app\.fastmail\.com|app\.hey\.com|app\.tuta\.com|comcast\.net|e\.mail\.ru|email\.seznam\.cz|email\.t-online\.de
        |fastmail\.com|gmail\.com|gmx\.(?:at|ch|com|de|fr|net)|hey\.com|hotmail\.com|icloud\.com|inbox\.google\.com|ionos\.de
        |laposte\.net|libero\.it|mail\.126\.com|mail\.163\.com|mail\.aol\.com|mail\.bol\.uol\.com\.br|mail\.daum\.net
        |mail\.google\.com|mail\.ionos\.com|mail\.live\.com|mail\.naver\.com|mail\.orange\.fr|mail\.proton\.me
        |mail\.protonmail\.com|mail\.qq\.com|(?<!\.go\.)(?<!^go\.)mail\.ru|mail\.seznam\.cz|mail\.sina\.com\.cn|mail\.t-online\.de
        |mail\.tutanota\.com|mail\.yahoo\.co\.jp|mail\.yahoo\.com|mail\.yandex\.com|mail\.yandex\.ru|mail\.zoho\.com
        |mailbox\.org|messagerie\.orange\.fr|outlook\.cloud\.microsoft|outlook\.com|outlook\.live\.com|outlook\.office\.com
        |outlook\.office365\.com|posteo\.de|proton\.me|roundcube\.net|tutanota\.com|web\.de|webmail\.free\.fr|xfinity\.com
        |zimbra\.free\.fr|zoho\.eu)$
        |^app:(?:ch\.protonmail\.android|com\.fsck\.k9|com\.google\.android\.gm|com\.google\.android\.gm\.lite
        |com\.microsoft\.office\.outlook|com\.samsung\.android\.email\.provider|com\.yahoo\.mobile\.client\.android\.mail
        |net\.thunderbird\.android)$
    "}) {
        set req.http.T-Referrer = "email";
    } elseif (req.http.Tessera-From ~ {"(?x)
        ^(?:(?:.*\.)?(?:www|m|search|r|images|lens|scholar|cse|cn|html|lite|safe)\.(?:.*\.)?)?(?:
        aol\.com|ask\.com|baidu\.com|bing\.com|coccoc\.com|daum\.net|dogpile\.com|duckduckgo\.com|ecosia\.org|go\.mail\.ru
        |google(?:\.[a-z0-9-]{1,3}){1,2}|kagi\.com|lilo\.org|mojeek\.com|naver\.com|perplexity\.ai|presearch\.com|qwant\.com
        |rambler\.ru|search\.brave\.com|search\.marginalia\.nu|seznam\.cz|so\.com|sogou\.com|startpage\.com|swisscows\.com
        |ya\.ru|yahoo\.co\.jp|yahoo\.com|yandex(?:\.[a-z0-9-]{1,3}){1,2}|you\.com)$
        |^app:(?:com\.duckduckgo\.mobile\.android|com\.google\.android\.apps\.searchlite
        |com\.google\.android\.googlequicksearchbox|com\.microsoft\.bing)$
    "}) {
        set req.http.T-Referrer = "search";
    } elseif (req.http.Tessera-From ~ {"(?x)
        (?:^|\.)(?:
        bilibili\.com|bsky\.app|dailymotion\.com|discord\.com|discordapp\.com|douban\.com|facebook\.com|fb\.com|fb\.me
        |flipboard\.com|fosstodon\.org|getpocket\.com|instagram\.com|kakao\.com|lemmy\.world|line\.me|linkedin\.com|lnkd\.in
        |lobste\.rs|mastodon\.online|mastodon\.social|medium\.com|meetup\.com|messenger\.com|mstdn\.social
        |news\.ycombinator\.com|nextdoor\.com|ok\.ru|pin\.it|pinterest(?:\.[a-z0-9-]{1,3}){1,2}|quora\.com|redd\.it
        |reddit\.com|skyrock\.com|slack\.com|snapchat\.com|stackexchange\.com|stackoverflow\.com|t\.cn|t\.co|t\.me
        |telegram\.me|telegram\.org|threads\.com|threads\.net|tiktok\.com|tumblr\.com|twitch\.tv|twitter\.com|viadeo\.com
        |vimeo\.com|vk\.com|vk\.ru|wa\.me|weibo\.cn|weibo\.com|whatsapp\.com|x\.com|xiaohongshu\.com|xing\.com|youtu\.be
        |youtube\.com|zhihu\.com)$
        |^app:(?:com\.discord|com\.facebook\.katana|com\.facebook\.lite|com\.facebook\.orca|com\.google\.android\.youtube
        |com\.instagram\.android|com\.instagram\.barcelona|com\.linkedin\.android|com\.pinterest|com\.reddit\.frontpage
        |com\.slack|com\.snapchat\.android|com\.tumblr|com\.twitter\.android|com\.vkontakte\.android|com\.whatsapp
        |com\.zhiliaoapp\.musically|org\.joinmastodon\.android|org\.telegram\.messenger|org\.telegram\.plus
        |xyz\.blueskyweb\.app)$
    "}) {
        set req.http.T-Referrer = "social";
    }
}
