import { stemmer as arabic } from '@orama/stemmers/arabic';
import { stemmer as danish } from '@orama/stemmers/danish';
import { stemmer as dutch } from '@orama/stemmers/dutch';
import { stemmer as english } from '@orama/stemmers/english';
import { stemmer as finnish } from '@orama/stemmers/finnish';
import { stemmer as french } from '@orama/stemmers/french';
import { stemmer as german } from '@orama/stemmers/german';
import { stemmer as greek } from '@orama/stemmers/greek';
import { stemmer as hungarian } from '@orama/stemmers/hungarian';
import { stemmer as hindi } from '@orama/stemmers/indian';
import { stemmer as italian } from '@orama/stemmers/italian';
import { stemmer as norwegian } from '@orama/stemmers/norwegian';
import { stemmer as portuguese } from '@orama/stemmers/portuguese';
import { stemmer as romanian } from '@orama/stemmers/romanian';
import { stemmer as russian } from '@orama/stemmers/russian';
import { stemmer as serbian } from '@orama/stemmers/serbian';
import { stemmer as spanish } from '@orama/stemmers/spanish';
import { stemmer as swedish } from '@orama/stemmers/swedish';
import { stemmer as turkish } from '@orama/stemmers/turkish';

/** How the words of one language become terms, and how it asks and defines. */
export interface LanguageRules {
  readonly stem: (word: string) => string;
  /** Lower-case words that are not searched. */
  readonly stopWords: ReadonlySet<string>;
  /** Lower-case words that shape a question and are no part of what it asks about. */
  readonly questionWords: ReadonlySet<string>;
  /** Finds what "What is …?" asks about: its first group. */
  readonly definitionQuestion?: RegExp;
  /** Finds what "… is a thing" defines: its first group, from the beginning of a sentence. */
  readonly definition?: RegExp;
  /** Matches a sentence that leans on the one before it: "It …", "If they …". */
  readonly reference?: RegExp;
}

interface Phrases {
  readonly stopWords: string;
  readonly questionWords?: string;
  /** How "What is" is said, as a regular expression. */
  readonly asks?: string;
  /** How "is a" is said, as a regular expression. */
  readonly defines?: string;
  readonly refers?: string;
}

function words(list = ''): ReadonlySet<string> {
  return new Set(list.split(' ').filter((word) => word !== ''));
}

function rules(stem: (word: string) => string, phrases: Phrases): LanguageRules {
  const { asks, defines, refers } = phrases;
  const aside = String.raw`(?:\([^()]*\)\s|,[^,]{1,60},\s)?`;
  return {
    stem,
    stopWords: words(phrases.stopWords),
    questionWords: words(phrases.questionWords),
    ...(asks === undefined ? {} : { definitionQuestion: new RegExp(String.raw`^[\s¿]*(?:${asks})\s+(.{1,80}?)[\s?.!]*$`, 'iu') }),
    ...(defines === undefined ? {} : { definition: new RegExp(String.raw`^(.{1,80}?),?\s${aside}(?:${defines})\s`, 'u') }),
    ...(refers === undefined ? {} : { reference: new RegExp(String.raw`^(?:${refers})(?![\p{L}\p{N}])`, 'iu') }),
  };
}

/** For a language without rules: every word is a term as it stands. */
export const NO_RULES: LanguageRules = rules((word) => word, { stopWords: '' });

const SOUTH_SLAVIC = rules(serbian, {
  stopWords: 'a ako ali bi bio će da do i ili iz ja je još jer joj ju kao koja koje koji li me na ne ni no o od on ona oni po pri s sa se su što ta te to u uz za',
  questionWords: 'što šta tko ko koji koja koje kako kada gdje gde zašto koliko čemu čime kakav kakva kakvo može li',
  asks: '(?:što|šta) (?:je|su|znači)|tko je|ko je',
  defines: 'je|su|znači',
});

/**
 * By ISO 639-1 code. Stop lists are short on purpose (English: the 33 words that Lucene leaves out): a word that
 * occurs everywhere weighs little anyway, and a missing word can never be found.
 */
export const LANGUAGE_RULES: Readonly<Record<string, LanguageRules>> = {
  ar: rules(arabic, {
    stopWords: 'من في على إلى عن ما هو هي و أو لا أن إن كان هذا هذه التي الذي مع',
  }),
  bs: SOUTH_SLAVIC,
  da: rules(danish, {
    stopWords: 'af at da de den der det du en er et for fra har i ikke jeg med men og om på sig som til var vi',
  }),
  de: rules(german, {
    stopWords: 'als am an auch auf aus bei das dem den der des die durch ein eine einem einen einer eines es für hat im in ist mit nach nicht oder sich sie sind um und von war was wie wird zu zum zur',
    questionWords: 'wer was wann wo wie warum wieso weshalb welche welcher welches welchem welchen wieviel viele kann können tut macht',
    asks: 'was (?:ist|sind|bedeutet)|wer (?:ist|war)',
    defines: '(?:ist|war|bezeichnet) (?:eine?|der|die|das)|sind|bedeutet',
  }),
  el: rules(greek, {
    stopWords: 'ο η το οι τα του της των τον την και με για από στο στη στην σε που να δεν είναι ως ένα μια',
  }),
  en: rules(english, {
    stopWords: 'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with',
    questionWords: 'what which who whom whose when where why how do does did doing done can could should would may might must shall has have had i me my we our us you your he she his her its am were been being about please tell explain describe between from than so mean means used use',
    asks: "what(?:'s|’s| is| are| was| were)|who(?:'s|’s| is| was)|define|explain",
    defines: '(?:is|was) (?:an?|the|one of)|are(?! not| also| being)|means|stands for|refers to',
    refers: '(?:(?:and|as|because|but|for|if|in|since|so|then|when|while) )?(?:both|each|he|her|his|it|its|she|such|that|their|them|these|they|this|those)',
  }),
  es: rules(spanish, {
    stopWords: 'a al como con de del el en es la las lo los no o para por que se ser son su sus un una y',
    questionWords: 'qué quién quiénes cuándo dónde cómo cuál cuáles cuánto cuánta cuántos cuántas por puede',
    asks: 'qué (?:es|son|significa)|quién (?:es|fue)',
    defines: '(?:es|era|fue) (?:una?|el|la)|son|significa',
  }),
  fi: rules(finnish, {
    stopWords: 'ei että he hän ja jos joka kun mutta myös ne niin on ovat se tai tämä',
  }),
  fr: rules(french, {
    stopWords: 'à au aux avec ce ces dans de des du elle en est et il la le les leur ne ou par pas pour que qui sa se ses son sont sur un une l d s n qu c j m t',
    questionWords: 'qui que quoi quand où comment pourquoi quel quelle quels quelles combien peut fait',
    asks: "(?:qu['’]est-ce (?:que? (?:c['’]est )?)?|que signifie|qui (?:est|était))",
    defines: "(?:est|était|désigne) (?:une?|le|la|l['’])|sont",
  }),
  hi: rules(hindi, {
    stopWords: 'का की के को में से है हैं और पर ने एक यह भी तो कि था थे थी ही या इस जो कर लिए हो',
    questionWords: 'क्या कौन किस किसने किसे किसके किसका किसकी कब कहाँ कहां कैसे क्यों कितना कितने कितनी',
  }),
  hr: SOUTH_SLAVIC,
  hu: rules(hungarian, {
    stopWords: 'a az egy és hogy is nem ez van vagy de meg el',
  }),
  it: rules(italian, {
    stopWords: 'a ad al alla che con da dal dalla dei del della delle di e è gli i il in la le lo ma nel nella non o per se si sono su un una uno l d dell all nell',
    questionWords: 'chi che cosa quando dove come perché quale quali quanto quanta quanti quante può',
    asks: "(?:che )?cos(?:a sono|['’]è|a è)|chi è",
    defines: "è (?:una?|uno|il|la|lo|l['’])|sono|significa",
  }),
  nl: rules(dutch, {
    stopWords: 'aan als bij dat de die dit door een en er het in is met naar niet of om op te tot uit van voor was wordt zijn',
  }),
  no: rules(norwegian, {
    stopWords: 'at av de den det du en er et for fra har i ikke jeg med men og om på seg som til var vi',
  }),
  pt: rules(portuguese, {
    stopWords: 'a à ao aos as com da das de do dos e é em foi na nas não no nos o os ou para pela pelo por que se um uma',
    questionWords: 'quem que quê quando onde como porquê qual quais quanto quanta quantos quantas pode',
    asks: 'o que (?:é|são|significa)|quem (?:é|foi)',
    defines: '(?:é|foi) (?:uma?|o|a)|são|significa',
  }),
  ro: rules(romanian, {
    stopWords: 'a al ale au ca care ce cu de din este fi fost în într la mai nu o pe pentru prin sau se și sunt un una unei unui',
    questionWords: 'cine ce când unde cum care cât câtă câți câte poate',
    asks: 'ce (?:este|e|sunt|înseamnă)|cine (?:este|a fost)',
    defines: '(?:este|era) (?:un|o)|sunt|înseamnă',
  }),
  ru: rules(russian, {
    stopWords: 'а бы был была были было в во для до его за и из или их к как на не но о об он она они от по при с со так также то что это',
    questionWords: 'кто что когда где как почему зачем какой какая какое какие каком каких сколько чем чего может',
    asks: 'что (?:такое|значит)|кто такой',
    defines: '(?:—|–|-) (?:это )?|является|это|означает',
  }),
  sr: SOUTH_SLAVIC,
  sv: rules(swedish, {
    stopWords: 'att av de den det du en ett för från har i inte jag med men och om på sig som till var vi är',
  }),
  tr: rules(turkish, {
    stopWords: 've bir bu da de için ile mi ne o olarak çok daha gibi',
  }),
};

/** The rules of `language`, an ISO 639-1 code of which only the part before `-` counts. */
export function rulesFor(language: string): LanguageRules {
  const code = language.toLowerCase().split('-', 1)[0] ?? '';
  return Object.hasOwn(LANGUAGE_RULES, code) ? (LANGUAGE_RULES[code] ?? NO_RULES) : NO_RULES;
}
