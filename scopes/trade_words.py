"""Words and phrases of marketing and of trade in data, by language: what a reviewer is shown in a partner's texts.

`*` stands for any letters, `…` for up to four words. Accents, case, width and look-alikes do not matter. A phrase is
here when it would be strange in an honest text about learning: *offer*, *promote*, *Anzeige*, *promotion* (a year's
class in French, the next form in India) or *third parties* are not, alone. To find a word is no refusal: a partner may
say that it does not advertise, and somebody reads that.
"""

from collections.abc import Mapping
from types import MappingProxyType


def _entries(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


TRADE_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": _entries(
            """
            ad, ads, adtech, advert*, commercials, infomercial*, *marketing*, marketer*, retarget*, *targeted ad*,
            sponsor*, promo, promos, promotional*, newsletter*, telesales, lead generation, sales lead*,
            sales team*, sales call*, sales pitch*, upsell*, up sell*, crosssell*, cross sell*, crm,
            customer relationship*, loyalty program*, loyalty scheme*, loyalty card*, special offer*,
            exclusive offer*, personal* offer*, tailored offer*, limited time offer*, offer* … sponsor*,
            partner offer*, offer* from our partner*, offer* from partner*, special deal*, exclusive deal*,
            best deal*, great deal*, bargain*, coupon*, cashback, discount code*, buy now, shop now, free gift*,
            giveaway*, sweepstake*, prize draw*, brand ambassador*, affiliate*, influencer*,
            product recommendation*, recommend* … product*, monetis*, monetiz*, data broker*, broker* … data,
            data sale*, sale of … data, sale of … detail*, sale of … information, sale of … address*,
            sale of … profile*, sell* … data, sell* … detail*, sell* … information, sell* … profile*,
            sell* … address*, sell* … insight*, sell* … list*, selling … data, sold … to, resell*, rent* … data,
            rent* … detail*, rent* … information, rent* … address*, rent* … list*, trade … data, trading … data,
            trade … detail*, swap … data, audience* … build*, lookalike audience*, profil* … for sale,
            commercial purpose*, commercial use*, commercial communication*
            """
        ),
        "hi": _entries(
            """
            विज्ञापन*, प्रायोजि*, प्रायोजक*, स्पॉन्सर*, स्पान्सर*, मार्केटिंग*, विपणन*,
            प्रचार सामग्री*, प्रचार संदेश*, प्रमोशन*, प्रोमो*, विशेष ऑफर*, विशेष छूट*, खास ऑफर*,
            कूपन*, न्यूजलेटर*, समाचार पत्रिका*, डेटा … बेच*, डाटा … बेच*, जानकारी … बेच*,
            विवरण … बेच*, पता … बेच*, पते … बेच*, डेटा … बिक्री*, जानकारी … बिक्री*,
            बेच* … डेटा, बेच* … जानकारी, vigyapan*, vigyaapan*
            """
        ),
        "kn": _entries(
            """
            ಜಾಹೀರಾತ*, ಜಾಹಿರಾತ*, ಪ್ರಾಯೋಜಿ*, ಪ್ರಾಯೋಜಕ*, ಪ್ರಾಯೋಜನ*, ಸ್ಪಾನ್ಸರ್*, ಮಾರ್ಕೆಟಿಂಗ್*,
            ಮಾರಾಟ ಪ್ರಚಾರ*, ಪ್ರಚಾರ ಸಾಮಗ್ರಿ*, ಪ್ರಚಾರ ಸಂದೇಶ*, ವಿಶೇಷ ಕೊಡುಗೆ*, ವಿಶೇಷ ರಿಯಾಯಿತಿ*,
            ಕೂಪನ್*, ಸುದ್ದಿಪತ್ರ*, ಡೇಟಾ* … ಮಾರ*, ದತ್ತಾಂಶ* … ಮಾರ*, ಮಾಹಿತಿ* … ಮಾರ*, ವಿವರ* … ಮಾರ*,
            ವಿಳಾಸ* … ಮಾರ*, jahirat*, jaahiraat*
            """
        ),
        "de": _entries(
            """
            werbung*, *mailwerbung, *onlinewerbung, *produktwerbung, *direktwerbung, werbe*, werblich*, beworben*,
            gesponser*, sonderangebot*, sonderaktion*, rabatt*, gutschein*, gewinnspiel*, vermarkt*, kundenbindung*,
            kaufempfehlung*, produktempfehlung*, adresshandel*, datenhandel*, datenhändler*, daten … verkauf*,
            verkauf* … daten, angaben … verkauf*, adressen … verkauf*, verkauf* … adressen, rundbrief*
            """
        ),
        "fr": _entries(
            """
            publicit*, pub, pubs, réclames, sponsoris*, parrainage*, promotionnel*, offre* promo*, offre* spécial*,
            offre* exclusi*, offre* commercial*, partenaires commerciaux, prospection*, démarchage*, code* promo,
            bon* de réduction, jeu* concours, infolettre*, vend* … données, vente* … données, revend* … données,
            courtier* … données, vend* … coordonnées, vente* … coordonnées, mercatique*
            """
        ),
        "es": _entries(
            """
            publicidad*, publicitari*, anunciante*, anuncios personalizados, patrocin*, promocional*,
            oferta* especial*, oferta* exclusiva*, mercadotecnia*, mercadeo*, socios comerciales, cupon*, sorteo*,
            boletín* comercial*, vend* … datos, venta … datos, vend* … información, venta … información
            """
        ),
        "it": _entries(
            "pubblicit*, promozional*, offert* special*, offert* esclusiv*, vend* … dati, vendita … dati"
        ),
        "pt": _entries(
            "publicidade*, anunciantes, ofertas especiais, ofertas exclusivas, vend* … dados, venda … dados"
        ),
        "nl": _entries(
            "reclame*, adverten*, aanbieding* van sponsor*, gegevens … verkop*, verko* … gegevens"
        ),
        "ru": _entries("реклам*, спонсор*, маркетинг*, рассылк*, прода* … данн*, спецпредложен*"),
        "el": _entries("διαφημ*, χορηγ*, μάρκετινγκ*, πωλ* … δεδομέν*"),
    }
)
