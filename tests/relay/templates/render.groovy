// Fills in docs/templates with values.json and writes rendered.json:
//
//     groovy tests/relay/templates/render.groovy
//
// Each template is filled in as ZStack does it, from the text that ZStack's console stores.
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

/**
 * What ZStack's console stores of a text: the object in it as the only item of `sections`, in one line. The members are
 * sorted here, so that the tests can make the same text.
 */
def asStored(String text) {
    assert text ==~ /[ -~\n]+/: 'JsonOutput writes other characters as \\uXXXX, the console does not'
    JsonOutput.toJson([sections: [new TreeMap(new JsonSlurper().parseText(text))]])
}

/** ZStack removes every backslash before it compiles a template, and from alarms' templates before it fills them in. */
def withoutBackslashes(String text) { text.replace('\\', '') }

def digest(File file) { MessageDigest.getInstance('SHA-256').digest(file.bytes).encodeHex().toString() }

/** The engine that ZStack fills templates with. It compiles a text once. */
compiled = { String text -> new GStringTemplateEngine().createTemplate(text) }.memoize()

def fill(String text, Map values) { compiled(text).make(new LinkedHashMap(values)).toString() }

/** Fills in a template with the engine with which ZStack only compiles it, when it is saved. */
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

/** The object in the `sections` that arrive. */
def arrived(String message) {
    def read = new JsonSlurper().parseText(message)
    assert read.keySet() == ['sections'] as Set && read.sections.size() == 1
    read.sections[0]
}

def cases = new JsonSlurper().parse(new File(here, 'values.json'), 'UTF-8')
def messages = new TreeMap().withDefault { new TreeMap() }
def stored = new TreeMap()

['alarm', 'event'].each { kind ->
    def (named, everything) = [kind, "$kind-everything"].collect { name ->
        def text = asStored(new File(templates, "${name}.txt").getText('UTF-8'))
        stored["${name}.txt".toString()] = text
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
        def inFront = everything.contains("\${$name.")
        // A variable that is not defined: named, it ends the message. Everything at once does without it, but for the
        // one that the saving check wants to see first.
        def others = all.findAll { it.key != name }
        assert failsFor { fill(named, others) } == (named.contains("\${$name.") ? name : null)
        assert failsFor { fill(everything, others) } == (inFront ? name : null)

        ODD.each { value ->
            def values = all + [(name): value]
            // What a list or map is asked for, its members are. The variable in front is an id or a name: a text.
            def takes = inFront && (value instanceof List || value instanceof Map) ? [named] : [named, everything]
            def read = takes.collect { template ->
                def filled = fill(template, values)
                assert filled ==~ /[ -\x7f]+/: "a strict reader of JSON takes no control characters: $name: $value"
                arrived(filled)
            }
            if (name == 'ALARM_LABELS') {
                assert read[0][name] == [''] + value + ''
            } else if (name == 'EVENT_LABELS') {
                assert new JsonSlurper().parseText(read[0][name]) == value
            } else if (read[0].containsKey(name)) {
                assert read[0][name] == '' + value
            }
            assert takes.size() == 1 || read[1] == [a: ''] + values + [z: '']
        }
    }
}

def rendered = [values: digest(new File(here, 'values.json')), stored: stored, messages: messages]
new File(here, 'rendered.json').setText(JsonOutput.prettyPrint(JsonOutput.toJson(rendered)) + '\n', 'UTF-8')
