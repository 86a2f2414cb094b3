// Fills in docs/templates with values.json, as ZStack does, and writes rendered.json:
//
//     groovy tests/relay/templates/render.groovy
//
// rendered.json was made with Groovy 2.4.21, Debian's. The tests do not need Groovy: they read that file.

import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import groovy.text.GStringTemplateEngine
import groovy.text.SimpleTemplateEngine
import java.security.MessageDigest

here = new File(getClass().protectionDomain.codeSource.location.toURI()).parentFile
templates = new File(here, '../../../docs/templates')

/** Values that break other templates, of every type that a variable may have. */
ODD = ['', '-', ' ', '"', '\\', 'C:\\temp\\', '\\"', "it's", '$', '$x', '${x}', '{', '}', '/', '<% x %>', '{"a": [1]}',
       '\n', 'a\r\nb', '\t', '\u0000\u0001\u001f\u007f', '磁盘', '😀', '\u2028',
       0, -1, 300, 80.5, true, null, [], ['a "b"', 1, null], [:], [a: 'b "c"', d: null]]

/** ZStack takes every backslash out before it compiles a template, and out of alarms' before it fills them, too. */
def withoutBackslashes(String text) { text.replace('\\', '') }

def digest(File file) { MessageDigest.getInstance('SHA-256').digest(file.bytes).encodeHex().toString() }

/** The engine that ZStack fills templates with. It compiles a text once. */
compiled = { String text -> new GStringTemplateEngine().createTemplate(text) }.memoize()

def fill(String text, Map values) { compiled(text).make(new LinkedHashMap(values)).toString() }

/** With the engine that ZStack only compiles them with, when they are saved. */
def fillSimply(String text, Map values) {
    new SimpleTemplateEngine().createTemplate(text).make(new LinkedHashMap(values)).toString()
}

def failsFor(Closure filling) {
    try {
        filling()
        return null
    } catch (MissingPropertyException missing) {
        return missing.property
    }
}

def cases = new JsonSlurper().parse(new File(here, 'values.json'), 'UTF-8')
def messages = new TreeMap().withDefault { new TreeMap() }
def madeOf = new TreeMap(['values.json': digest(new File(here, 'values.json'))])

['alarm', 'event'].each { kind ->
    def (named, everything) = [kind, "$kind-everything"].collect { name ->
        def file = new File(templates, "${name}.txt")
        madeOf[file.name] = digest(file)
        def text = file.getText('UTF-8')
        new SimpleTemplateEngine().createTemplate(withoutBackslashes(text))
        kind == 'alarm' ? withoutBackslashes(text) : text
    }
    def all = cases[kind]

    cases.findAll { it.key.tokenize('-')[0] == kind }.each { name, values ->
        messages["${kind}.txt"][name] = fill(named, values)
        messages["${kind}-everything.txt"][name] = fill(everything, values)
        assert fillSimply(named, values) == fill(named, values)
    }

    // SimpleTemplateEngine has no `variables` where the closure looks for it.
    assert failsFor { fillSimply(everything, all) } == 'variables'

    all.keySet().each { name ->
        // A variable that is not defined: named, it ends the message. Everything at once does without it, but for the
        // one that the saving check wants to see first.
        def others = all.findAll { it.key != name }
        assert failsFor { fill(named, others) } == (named.contains("\${$name.") ? name : null)
        assert failsFor { fill(everything, others) } == (everything.contains("\${$name.") ? name : null)

        ODD.each { value ->
            def values = all + [(name): value]
            [named, everything].each { template ->
                def filled = fill(template, values)
                assert filled.readLines().size() == template.readLines().size(): "$name: $value"
                assert filled ==~ /[ -\x7f\n]+/: "a strict reader of JSON takes no control characters"
            }
            def read = new JsonSlurper().parseText(fill(named, values))
            if (name == 'ALARM_LABELS') {
                assert read[name] == [''] + value + ''
            } else if (name == 'EVENT_LABELS') {
                assert new JsonSlurper().parseText(read[name]) == value
            } else if (read.containsKey(name)) {
                assert read[name] == '' + value
            }
            // What a list or map is asked for, its members are. The variable in front is an id or a name: a text.
            if (!(everything.contains("\${$name.") && (value instanceof List || value instanceof Map))) {
                def content = new JsonSlurper().parseText("[${fill(everything, values)}]")[0]
                assert new JsonSlurper().parseText(content) == values
            }
        }
    }
}

def rendered = [made_of: madeOf, messages: messages]
new File(here, 'rendered.json').setText(JsonOutput.prettyPrint(JsonOutput.toJson(rendered)) + '\n', 'UTF-8')
