"""Mail clients, image proxies, scanners, bots and libraries, recognised by words in their user agent.

Owns one ordered table; the first row that matches wins, so the specific stands before the general. What no row knows
goes to `ua-parser` (see `client`), which knows browsers, systems and the long tail of crawlers.

The words of a row are lower case and joined by ` & `: all must occur, those after a `!` must not, and `=word`
stands for an agent that says this and nothing else.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Agent(NamedTuple):
    """One row: `device` is empty where the rest of the user agent decides; `hint` names what speaks for a machine."""

    words: str
    client: str
    kind: str
    device: str = ""
    hint: str = ""


# Fetched by the mailbox provider's servers. TRICKY: their agents pretend to be old browsers (`Edge/12.246`, Firefox 11
# on Windows XP), so they stand before everything that looks at browsers.
PROXIES: Final = (
    Agent("chrome/42.0.2311.135 & edge/12.246", "Gmail", "mail", "proxy", "gmail_prefetch"),
    Agent("googleimageproxy", "Gmail", "mail", "proxy", "image_proxy"),
    Agent("yahoomailproxy", "Yahoo Mail", "mail", "proxy", "image_proxy"),
    Agent("seznamemailproxy", "Seznam", "mail", "proxy", "image_proxy"),
    Agent("yandeximageresizer", "Yandex Mail", "mail", "proxy", "image_proxy"),
    Agent("protonmail & proxy", "Proton Mail", "mail", "proxy", "image_proxy"),
    Agent("proton mail & proxy", "Proton Mail", "mail", "proxy", "image_proxy"),
    Agent("fastmail & proxy", "Fastmail", "mail", "proxy", "image_proxy"),
    Agent("imageproxy", "Image proxy", "mail", "proxy", "image_proxy"),
    Agent("image proxy", "Image proxy", "mail", "proxy", "image_proxy"),
)

# Security products that read mail or follow its links before a person does.
SCANNERS: Final = (
    Agent("barracuda", "Barracuda", "scanner", "bot", "scanner"),
    Agent("proofpoint", "Proofpoint", "scanner", "bot", "scanner"),
    Agent("urldefense", "Proofpoint", "scanner", "bot", "scanner"),
    Agent("mimecast", "Mimecast", "scanner", "bot", "scanner"),
    Agent("messagelabs", "MessageLabs", "scanner", "bot", "scanner"),
    Agent("symantec", "Symantec", "scanner", "bot", "scanner"),
    Agent("trendmicro", "Trend Micro", "scanner", "bot", "scanner"),
    Agent("trend micro", "Trend Micro", "scanner", "bot", "scanner"),
    Agent("fortiguard", "Fortinet", "scanner", "bot", "scanner"),
    Agent("fortimail", "Fortinet", "scanner", "bot", "scanner"),
    Agent("fireeye", "Trellix", "scanner", "bot", "scanner"),
    Agent("trellix", "Trellix", "scanner", "bot", "scanner"),
    Agent("ironport", "Cisco", "scanner", "bot", "scanner"),
    Agent("cisco umbrella", "Cisco", "scanner", "bot", "scanner"),
    Agent("sophos", "Sophos", "scanner", "bot", "scanner"),
    Agent("zscaler", "Zscaler", "scanner", "bot", "scanner"),
    Agent("hornetsecurity", "Hornetsecurity", "scanner", "bot", "scanner"),
    Agent("vadesecure", "Vade", "scanner", "bot", "scanner"),
    Agent("vade secure", "Vade", "scanner", "bot", "scanner"),
    Agent("bitdefender", "Bitdefender", "scanner", "bot", "scanner"),
    Agent("kaspersky", "Kaspersky", "scanner", "bot", "scanner"),
    Agent("checkpoint", "Check Point", "scanner", "bot", "scanner"),
    Agent("paloalto", "Palo Alto Networks", "scanner", "bot", "scanner"),
    Agent("palo alto networks", "Palo Alto Networks", "scanner", "bot", "scanner"),
    Agent("cloudmark", "Cloudmark", "scanner", "bot", "scanner"),
    Agent("netcraft", "Netcraft", "scanner", "bot", "scanner"),
    Agent("phishtank", "PhishTank", "scanner", "bot", "scanner"),
    Agent("urlscan", "urlscan.io", "scanner", "bot", "scanner"),
    Agent("virustotal", "VirusTotal", "scanner", "bot", "scanner"),
    Agent("censysinspect", "Censys", "scanner", "bot", "scanner"),
    Agent("spamcop", "SpamCop", "scanner", "bot", "scanner"),
    Agent("spamassassin", "SpamAssassin", "scanner", "bot", "scanner"),
    Agent("google-safety", "Google Safe Browsing", "scanner", "bot", "scanner"),
    Agent("safebrowsing", "Google Safe Browsing", "scanner", "bot", "scanner"),
    Agent("msexchange", "Microsoft Exchange", "scanner", "bot", "scanner"),
    Agent("safelinks", "Microsoft Safe Links", "scanner", "bot", "scanner"),
)

# Programs that fetch pages to index, to watch or to preview them.
BOTS: Final = (
    Agent("slackbot", "Slack", "bot", "bot", "preview"),
    Agent("slack-imgproxy", "Slack", "bot", "bot", "preview"),
    Agent("telegrambot", "Telegram", "bot", "bot", "preview"),
    Agent("twitterbot", "Twitter", "bot", "bot", "preview"),
    Agent("facebookexternalhit", "Facebook", "bot", "bot", "preview"),
    Agent("facebookcatalog", "Facebook", "bot", "bot", "preview"),
    Agent("meta-externalagent", "Facebook", "bot", "bot", "bot"),
    Agent("linkedinbot", "LinkedIn", "bot", "bot", "preview"),
    Agent("whatsapp/", "WhatsApp", "bot", "bot", "preview"),
    Agent("discordbot", "Discord", "bot", "bot", "preview"),
    Agent("skypeuripreview", "Skype", "bot", "bot", "preview"),
    Agent("microsoftpreview", "Microsoft", "bot", "bot", "preview"),
    Agent("teams & preview", "Microsoft Teams", "bot", "bot", "preview"),
    Agent("applebot", "Apple", "bot", "bot", "bot"),
    Agent("googlebot", "Google", "bot", "bot", "bot"),
    Agent("google-read-aloud", "Google", "bot", "bot", "bot"),
    Agent("googleother", "Google", "bot", "bot", "bot"),
    Agent("google-inspectiontool", "Google", "bot", "bot", "bot"),
    Agent("feedfetcher-google", "Google", "bot", "bot", "bot"),
    Agent("chrome-lighthouse", "Lighthouse", "bot", "bot", "bot"),
    Agent("bingbot", "Bing", "bot", "bot", "bot"),
    Agent("bingpreview", "Bing", "bot", "bot", "preview"),
    Agent("adidxbot", "Bing", "bot", "bot", "bot"),
    Agent("yahoo! slurp", "Yahoo", "bot", "bot", "bot"),
    Agent("duckduckbot", "DuckDuckGo", "bot", "bot", "bot"),
    Agent("baiduspider", "Baidu", "bot", "bot", "bot"),
    Agent("yandexbot", "Yandex", "bot", "bot", "bot"),
    Agent("mail.ru_bot", "Mail.ru", "bot", "bot", "bot"),
    Agent("petalbot", "Petal", "bot", "bot", "bot"),
    Agent("bytespider", "ByteDance", "bot", "bot", "bot"),
    Agent("gptbot", "OpenAI", "bot", "bot", "bot"),
    Agent("chatgpt-user", "OpenAI", "bot", "bot", "bot"),
    Agent("perplexitybot", "Perplexity", "bot", "bot", "bot"),
    Agent("ccbot/", "Common Crawl", "bot", "bot", "bot"),
    Agent("amazonbot", "Amazon", "bot", "bot", "bot"),
    Agent("ahrefsbot", "Ahrefs", "bot", "bot", "bot"),
    Agent("semrushbot", "Semrush", "bot", "bot", "bot"),
    Agent("mj12bot", "Majestic", "bot", "bot", "bot"),
    Agent("dotbot", "Moz", "bot", "bot", "bot"),
    Agent("pingdom", "Pingdom", "bot", "bot", "bot"),
    Agent("uptimerobot", "UptimeRobot", "bot", "bot", "bot"),
    Agent("statuscake", "StatusCake", "bot", "bot", "bot"),
    Agent("site24x7", "Site24x7", "bot", "bot", "bot"),
    Agent("headlesschrome", "Headless Chrome", "bot", "bot", "headless"),
    Agent("phantomjs", "PhantomJS", "bot", "bot", "headless"),
    Agent("puppeteer", "Puppeteer", "bot", "bot", "headless"),
    Agent("playwright", "Playwright", "bot", "bot", "headless"),
    Agent("selenium", "Selenium", "bot", "bot", "headless"),
)

# Programmers' libraries: somebody's script, or a product that hides its name.
LIBRARIES: Final = (
    Agent("curl/", "curl", "library", "bot", "library"),
    Agent("wget/", "Wget", "library", "bot", "library"),
    Agent("python-requests", "Python", "library", "bot", "library"),
    Agent("python-urllib", "Python", "library", "bot", "library"),
    Agent("python-httpx", "Python", "library", "bot", "library"),
    Agent("python/ & aiohttp", "Python", "library", "bot", "library"),
    Agent("scrapy", "Scrapy", "library", "bot", "library"),
    Agent("go-http-client", "Go", "library", "bot", "library"),
    Agent("okhttp", "OkHttp", "library", "bot", "library"),
    Agent("apache-httpclient", "Java", "library", "bot", "library"),
    Agent("java/", "Java", "library", "bot", "library"),
    Agent("java-http-client", "Java", "library", "bot", "library"),
    Agent("jakarta commons", "Java", "library", "bot", "library"),
    Agent("libwww-perl", "Perl", "library", "bot", "library"),
    Agent("lwp::simple", "Perl", "library", "bot", "library"),
    Agent("ruby/", "Ruby", "library", "bot", "library"),
    Agent("=ruby", "Ruby", "library", "bot", "library"),
    Agent("faraday v", "Ruby", "library", "bot", "library"),
    Agent("guzzlehttp", "PHP", "library", "bot", "library"),
    Agent("php/", "PHP", "library", "bot", "library"),
    Agent("axios/", "Node.js", "library", "bot", "library"),
    Agent("node-fetch", "Node.js", "library", "bot", "library"),
    Agent("undici", "Node.js", "library", "bot", "library"),
    Agent("got (https", "Node.js", "library", "bot", "library"),
    Agent("winhttp", "WinHTTP", "library", "bot", "library"),
    Agent("powershell/", "PowerShell", "library", "bot", "library"),
    Agent("restsharp", ".NET", "library", "bot", "library"),
    Agent("postmanruntime", "Postman", "library", "bot", "library"),
    Agent("httpie/", "HTTPie", "library", "bot", "library"),
)

# Programs and apps in which people read mail.
MAIL_CLIENTS: Final = (
    Agent("outlook-ios", "Outlook", "mail", "mobile"),
    Agent("outlook-android", "Outlook", "mail", "mobile"),
    Agent("outlookmobile", "Outlook", "mail", "mobile"),
    Agent("com.microsoft.office.outlook", "Outlook", "mail", "mobile"),
    Agent("macoutlook", "Outlook", "mail", "desktop"),
    Agent("oneoutlook", "Outlook", "mail", "desktop"),
    Agent("windows live mail", "Windows Live Mail", "mail", "desktop"),
    Agent("windowslivemail", "Windows Live Mail", "mail", "desktop"),
    Agent("outlook-express", "Outlook Express", "mail", "desktop"),
    Agent("microsoft outlook", "Outlook", "mail", "desktop"),
    Agent("msoffice", "Outlook", "mail", "desktop"),
    Agent("ms-office", "Outlook", "mail", "desktop"),
    Agent("microsoft office", "Outlook", "mail", "desktop"),
    Agent("thunderbird & android", "Thunderbird", "mail", "mobile"),
    Agent("thunderbird", "Thunderbird", "mail", "desktop"),
    Agent("betterbird", "Betterbird", "mail", "desktop"),
    Agent("postbox", "Postbox", "mail", "desktop"),
    Agent("seamonkey", "SeaMonkey", "mail", "desktop"),
    Agent("lotus-notes", "HCL Notes", "mail", "desktop"),
    Agent("lotusnotes", "HCL Notes", "mail", "desktop"),
    Agent("hcl notes", "HCL Notes", "mail", "desktop"),
    Agent("airmail", "Airmail", "mail"),
    Agent("sparrow/", "Sparrow", "mail", "desktop"),
    Agent("readdlespark", "Spark", "mail"),
    Agent("sparkdesktop", "Spark", "mail", "desktop"),
    Agent("spark/ & readdle", "Spark", "mail"),
    Agent("canary mail", "Canary", "mail"),
    Agent("canarymail", "Canary", "mail"),
    Agent("emclient", "eM Client", "mail", "desktop"),
    Agent("em client", "eM Client", "mail", "desktop"),
    Agent("mailbird", "Mailbird", "mail", "desktop"),
    Agent("mailspring", "Mailspring", "mail", "desktop"),
    Agent("superhuman", "Superhuman", "mail"),
    Agent("shortwave", "Shortwave", "mail"),
    Agent("missive/", "Missive", "mail"),
    Agent("hey.com", "HEY", "mail"),
    Agent("edison mail", "Edison Mail", "mail", "mobile"),
    Agent("edisonmail", "Edison Mail", "mail", "mobile"),
    Agent("newton/ & mail", "Newton", "mail"),
    Agent("the bat!", "The Bat!", "mail", "desktop"),
    Agent("evolution/", "Evolution", "mail", "desktop"),
    Agent("geary/", "Geary", "mail", "desktop"),
    Agent("kmail/", "KMail", "mail", "desktop"),
    Agent("claws mail", "Claws Mail", "mail", "desktop"),
    Agent("sylpheed", "Sylpheed", "mail", "desktop"),
    Agent("foxmail", "Foxmail", "mail", "desktop"),
    Agent("eudora", "Eudora", "mail", "desktop"),
    Agent("incredimail", "IncrediMail", "mail", "desktop"),
    Agent("zimbra", "Zimbra", "mail", "desktop"),
    Agent("groupwise", "GroupWise", "mail", "desktop"),
    Agent("protonmail", "Proton Mail", "mail"),
    Agent("proton mail", "Proton Mail", "mail"),
    Agent("tutanota", "Tuta", "mail"),
    Agent("fairemail", "FairEmail", "mail", "mobile"),
    Agent("k-9 mail", "K-9 Mail", "mail", "mobile"),
    Agent("bluemail", "BlueMail", "mail", "mobile"),
    Agent("nine/ & android", "Nine", "mail", "mobile"),
    Agent("typeapp", "TypeApp", "mail", "mobile"),
    Agent("aquamail", "Aqua Mail", "mail", "mobile"),
    Agent("samsungemail", "Samsung Email", "mail", "mobile"),
    Agent("samsung email", "Samsung Email", "mail", "mobile"),
    Agent("com.samsung.android.email", "Samsung Email", "mail", "mobile"),
    Agent("com.google.android.gm", "Gmail", "mail", "mobile"),
    Agent("gmail/ & ios", "Gmail", "mail", "mobile"),
    Agent("yahoomobilemail", "Yahoo Mail", "mail", "mobile"),
    Agent("yahoomail", "Yahoo Mail", "mail"),
    Agent("aol desktop", "AOL", "mail", "desktop"),
    Agent("aolapp", "AOL", "mail", "mobile"),
    Agent("gmx mail", "GMX", "mail"),
    Agent("webdemail", "WEB.DE", "mail"),
    Agent("mail.ru & android", "Mail.ru", "mail", "mobile"),
    Agent("yandex.mail", "Yandex Mail", "mail"),
    Agent("naver & inapp & mail", "Naver", "mail", "mobile"),
    Agent("qqmail", "QQ Mail", "mail"),
    Agent("zohomail", "Zoho Mail", "mail"),
    Agent("zoho mail", "Zoho Mail", "mail"),
    Agent("fastmail", "Fastmail", "mail"),
)

# In-app browsers on Apple systems carry WebKit without `Safari/` too; they are no mail client.
APPS: Final = (
    Agent("fban/", "Facebook", "app"),
    Agent("fbav/", "Facebook", "app"),
    Agent("fb_iab", "Facebook", "app"),
    Agent("instagram", "Instagram", "app"),
    Agent("linkedinapp", "LinkedIn", "app"),
    Agent(" gsa/", "Google app", "app"),
    Agent("duckduckgo/", "DuckDuckGo", "browser"),
    Agent("micromessenger", "WeChat", "app"),
    Agent(" line/", "LINE", "app"),
    Agent("pinterest", "Pinterest", "app"),
    Agent("snapchat", "Snapchat", "app"),
    Agent("tiktok", "TikTok", "app"),
    Agent("crios/", "Chrome", "browser"),
    Agent("fxios/", "Firefox", "browser"),
    Agent("edgios/", "Edge", "browser"),
    Agent(" opt/", "Opera", "browser"),
    Agent("opios/", "Opera", "browser"),
)

# TRICKY: Apple Mail says WebKit and nothing more. These rows rest on what is absent, so they stay last.
APPLE_MAIL: Final = (
    Agent("iphone & applewebkit/ & !safari/ & !version/", "Apple Mail", "mail", "mobile"),
    Agent("ipod & applewebkit/ & !safari/ & !version/", "Apple Mail", "mail", "mobile"),
    Agent("ipad & applewebkit/ & !safari/ & !version/", "Apple Mail", "mail", "tablet"),
    Agent("macintosh & applewebkit/ & !safari/ & !version/ & !chrome/", "Apple Mail", "mail", "desktop"),
)

AGENTS: Final = (*PROXIES, *SCANNERS, *BOTS, *LIBRARIES, *MAIL_CLIENTS, *APPS, *APPLE_MAIL)
"""Every row in the order in which it is tried."""
