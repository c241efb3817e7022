/* clause.c - the words of the living security document. */
#include "evidence/clause.h"

#include <strings.h>

const struct clause clauses[CLAUSES] = {
    {.number = "4.1",
	.title = {[LANG_JA] = "適用範囲",
	    [LANG_EN] = "Scope of information security management"},
	.what = {[LANG_JA] =
		     "この文書は、このサーバーで動いている dozo "
		     "と、ここに挙げた拠点に置かれたデータを対象とします。機"
		     "器、電源、回線と、ご利用の端末は対象に含みません。",
	    [LANG_EN] =
		"This document is about the dozo that runs on this server "
		"and the data on the sites named here. Machines, power, "
		"lines and the devices of its users are not part of it."}},
    {.number = "CLD.8.1.5",
	.title = {[LANG_JA] = "契約終了時のデータの消去",
	    [LANG_EN] = "Removal of a customer's data"},
	.what =
	    {[LANG_JA] =
		    "削除したファイルはごみ箱で 30 日間(会社ごとに変更できま"
		    "す)保管し、そのあと消します。消してから稼働時間で 24 時間"
		    "以内に鍵もなくなり、写しがどこかに残っていても開けません。"
		    "契約ごとまとめて消去し、証明書を発行する機能は、まだありま"
		    "せん。",
		[LANG_EN] =
		    "What is deleted stays in the trash for 30 days (each "
		    "company may change that), and then goes. Within 24 hours "
		    "of running time its keys are gone too, and no copy opens, "
		    "wherever it lies. Removing a whole contract with a "
		    "certificate is not built yet."}},
    {.number = "10.1.1",
	.title =
	    {[LANG_JA] = "暗号による保護", [LANG_EN] = "Use of cryptography"},
	.what =
	    {[LANG_JA] =
		    "ファイルの中身も、名前も、誰が保存したかも、拠点に書き出す"
		    "前にすべて暗号化します(AES-256)。設定は要らず、切ることも"
		    "できません。通信は TLS 1.2 以上だけを受け付けます。",
		[LANG_EN] =
		    "Contents, names and who stored them are sealed before "
		    "anything reaches a site (AES-256). There is nothing to "
		    "switch on, and no way to switch it off. Connections are "
		    "taken with TLS 1.2 or 1.3 only."},
	.checked = true},
    {.number = "11.2.7",
	.title = {[LANG_JA] = "記憶媒体の処分と再利用",
	    [LANG_EN] = "Disposal and reuse of storage media"},
	.what =
	    {[LANG_JA] =
		    "拠点の媒体には暗号化したデータしか書きません。拠点の鍵は取"
		    "り替えられ、古い鍵だけでは何も開けなくなります。媒体の台帳"
		    "と処分の証明書は、まだありません。",
		[LANG_EN] =
		    "The media of a site never hold anything but sealed bytes. "
		    "A site's key can be replaced, after which the former one "
		    "opens nothing that stands there. A register of media and "
		    "certificates of their disposal are not built yet."}},
    {.number = "12.1.2",
	.title = {[LANG_JA] = "変更の事前のお知らせ",
	    [LANG_EN] = "Change management"},
	.what =
	    {[LANG_JA] =
		    "サービスに影響する変更は、種類、日時、技術的な内容、開始と"
		    "終了のお知らせを添えて前もってご案内すべきものです。そのお"
		    "知らせを出す機能は、まだありません。",
		[LANG_EN] =
		    "Changes that customers may feel are to be announced "
		    "before: what kind, when, what is done, and when it begins "
		    "and ends. The notices for that are not built yet."}},
    {.number = "12.3.1",
	.title = {[LANG_JA] = "複数拠点への同時保存と、以前の版",
	    [LANG_EN] = "Backup: several sites at once, and former versions"},
	.what =
	    {[LANG_JA] =
		    "アップロードには、決められた数の拠点のディスクに書き終えて"
		    "から「保存しました」とお答えします。上書きした時は、前の内"
		    "容を 7 日間(会社ごとに変更できます)保管し、元に戻す、別の"
		    "ファイルとして保存する、のどちらも大きさに関わらずすぐに終"
		    "わります。",
		[LANG_EN] =
		    "An upload is answered when the required number of sites "
		    "have it on disk. What is overwritten is kept for 7 days "
		    "(each company may change that): putting it back or saving "
		    "it as another file is done at once, whatever its size."},
	.checked = true},
    {.number = "15.1.2",
	.title = {[LANG_JA] = "規約と責任の分担",
	    [LANG_EN] = "Terms, and who is responsible for what"},
	.what =
	    {[LANG_JA] =
		    "規約とプライバシーポリシーの版の管理と、同意の記録は、まだ"
		    "ありません。運営者の操作で何ができ、何ができないかは、製品"
		    "に付属の THREATS に書いてあります。",
		[LANG_EN] =
		    "Versions of terms and privacy policy, and a record of who "
		    "accepted them, are not built yet. What the provider's "
		    "staff can and cannot do with a command is written in "
		    "THREATS, which comes with the product."}},
    {.number = "16.1.1",
	.title = {[LANG_JA] = "事故が起きた時の責任と手順",
	    [LANG_EN] = "Incidents: responsibilities and procedures"},
	.what = {[LANG_JA] = "運営者が会社のデータに非常手段で触れた時は、その"
			     "会社の管理"
			     "者全員に理由とともに知らせます。事故の公表と経過"
			     "のお知らせ"
			     "は、まだありません。",
	    [LANG_EN] =
		"Where the provider acts for a tenant in an emergency, each "
		"of its administrators is told, with the reason. Publishing "
		"incidents and how they go on is not built yet."}},
    {.number = "16.1.2",
	.title = {[LANG_JA] = "気付いたことの報告",
	    [LANG_EN] = "Reporting of security events"},
	.what = {[LANG_JA] = "お客様からの報告の受け付けと、その後の経過の確認"
			     "は、まだこのサービスの中ではできません。運営者の"
			     "窓口へご連絡ください。",
	    [LANG_EN] =
		"Reports from customers, and seeing what became of them, are "
		"not built yet. Please write to whoever runs this service."}},
    {.number = "18.2.1",
	.title =
	    {[LANG_JA] = "第三者による確認", [LANG_EN] = "Independent review"},
	.what =
	    {[LANG_JA] =
		    "このページは動いているサービスが自ら確かめた結果で、運営者"
		    "は同じ確認をその場でやり直せます。データの形式は公開してあ"
		    "り、別の言語で書いた読み取り用プログラムも付いています。監"
		    "査人のための窓口は、まだありません。",
		[LANG_EN] =
		    "This page is what the running service has found by "
		    "itself, "
		    "and its operator can have each check made again at once. "
		    "The format of the data is published, with a second reader "
		    "in another language. A door for auditors is not built "
		    "yet."}},
};

size_t
clause_find(const char *number)
{
	size_t i;

	for (i = 0; i < CLAUSES; i++)
		if (strcasecmp(clauses[i].number, number) == 0)
			break;
	return i;
}
