/**
 * Guesses the encoding of a text that is not UTF-8, from the most common characters of the languages that use each
 * encoding. The guess appears only in a message; no text is decoded by it.
 */
import { unmarkedUtf16 } from './recognise.js';
import { decodedLeniently } from './transcode.js';

const cyrillic = 'оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєў';
const kana =
  'のにはをたがでてとしれさいるなもらかりこんすくまうあそけよどだーンスルトリイアラクド、。「」・';
const simplified =
  '的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运，。、';
const traditional =
  '的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活，。、';
const hangul =
  '이다는을의가에고은하한로를지도사기인어서자대리나시그있아정들스일해여장전보부으라수과게주마니상원구진제만관공조성유신선비트안우소연경용동생세성';

/** The encodings that can be guessed, with common characters; of two equally likely ones the earlier is preferred */
const candidates: readonly { readonly encoding: string; readonly common: ReadonlySet<string> }[] = [
  ['windows-1252', 'éèàùâêîôûçëïüöäßñáíóúåæøõãœ’‘“”–—…°£«»·'],
  ['windows-1251', cyrillic],
  ['koi8-r', cyrillic],
  ['ibm866', cyrillic],
  ['windows-1250', 'ąćęłńóśźżáčďéěíňřšťúůýžőűöüăâîşţÁŁŚŻŽŠČ’„”–…'],
  ['windows-1253', 'αειοντσυρπλκηςμγδθφχωάέήίόύώβξζψ'],
  ['windows-1254', 'ışğİçöüâŞĞÇ’“”'],
  ['windows-1255', 'אבגדהוזחטיכלמנסעפצקרשתםןךףץ'],
  ['windows-1256', 'ابتثجحخدذرزسشصضطظعغفقكلمنهويىةأإآ،'],
  ['windows-874', 'กขคงจชซดตถทนบปผพฟมยรลวสหอะาิีึืุูเแโใไ่้์็ัำ'],
  ['shift_jis', kana],
  ['euc-jp', kana],
  ['gb18030', simplified],
  ['big5', traditional],
  ['euc-kr', hangul],
].map(([encoding, common]) => ({ encoding, common: new Set(common) }));

/** Min score, as `scoreOf` computes it, of an encoding that is named as a guess */
const minScore = 0.3;
/** The second best encoding is also named if its score is at least this fraction of that of the best. */
const near = 0.8;

/**
 * Encodings with multi-byte characters. Their score is raised, because such a character is rarely common by chance, and
 * because many characters of a text are not among the most common ones.
 */
const wide: ReadonlySet<string> = new Set(['shift_jis', 'euc-jp', 'gb18030', 'big5', 'euc-kr']);

/**
 * @param sample bytes of a text, which may begin and end in the middle of a character
 * @returns up to two encodings, the likelier one first; none if no encoding fits
 */
export function guessEncodings(sample: Uint8Array): string[] {
  const utf16 = unmarkedUtf16(sample.subarray(0, 8192));
  if (utf16 !== undefined) return [utf16];
  const bytes = wholeLines(sample);
  const scored = candidates
    .map(({ encoding, common }) => ({ encoding, score: scoreOf(bytes, encoding, common) }))
    .filter(({ score }) => score >= minScore)
    .sort((a, b) => b.score - a.score);
  return scored
    .filter(({ score }) => score >= near * scored[0].score)
    .slice(0, 2)
    .map(({ encoding }) => encoding);
}

/**
 * The fraction of the non-ASCII characters that are common in the languages of an encoding, times 1.3 for an encoding
 * with multi-byte characters; 0 if too many characters are invalid.
 */
function scoreOf(bytes: Uint8Array, encoding: string, common: ReadonlySet<string>): number {
  const text = decodedLeniently(bytes, encoding);
  let [beyond, fitting, wrong] = [0, 0, 0];
  for (const character of text) {
    if (character < '\x80') continue;
    beyond++;
    if (common.has(character)) fitting++;
    else if (character === '\ufffd' || isControl(character)) wrong++;
  }
  // invalid characters are evidence against the encoding, but two may come from cutting the sample at its edges
  if (beyond === 0 || wrong > 2 + 0.01 * beyond) return 0;
  return (fitting / beyond) * (wide.has(encoding) ? 1.3 : 1);
}

/** Whether a character is one of the C1 control characters, which do not occur in texts */
function isControl(character: string): boolean {
  return character >= '\x80' && character <= '\x9f';
}

/**
 * The part of the sample from its first line end to its last, in which no character is cut off; the whole sample if it
 * has fewer than two line ends.
 */
function wholeLines(sample: Uint8Array): Uint8Array {
  const first = sample.indexOf(0x0a);
  const last = sample.lastIndexOf(0x0a);
  return last - first > sample.length / 2 ? sample.subarray(first + 1, last + 1) : sample;
}
