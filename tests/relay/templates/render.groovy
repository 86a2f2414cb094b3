// Fills in docs/templates with values.json, as ZStack does, and writes rendered.json:
//
//     groovy tests/relay/templates/render.groovy
//
// ZStack's templates are Groovy's, and its public sources fill them in with GStringTemplateEngine, of Groovy 2.4.
// Groovy's other engine must agree, and so must a ZStack that drops every backslash of a template first, as it
// documents for one of its own. rendered.json was made with Groovy 2.4.21, Debian's.

import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import groovy.text.GStringTemplateEngine
import groovy.text.SimpleTemplateEngine

def here = new File(getClass().protectionDomain.codeSource.location.toURI()).parentFile
def templates = new File(here, '../../../docs/templates')
def cases = new JsonSlurper().parse(new File(here, 'values.json'), 'UTF-8')

def rendered = new TreeMap()
cases.each { name, values ->
    def text = new File(templates, "${name.tokenize('-')[0]}.txt").getText('UTF-8')
    def all = [new GStringTemplateEngine(), new SimpleTemplateEngine()].collectMany { engine ->
        [text, text.replace('\\', '')].collect { engine.createTemplate(it).make(new HashMap(values)).toString() }
    }
    assert all.toSet().size() == 1: "${name}: ${all}"
    new JsonSlurper().parseText(all[0])
    rendered[name] = all[0]

    // One name that ZStack does not know, and there is no message at all.
    values.keySet().each { unknown ->
        try {
            new GStringTemplateEngine().createTemplate(text).make(values.findAll { it.key != unknown }).toString()
            assert !text.contains(unknown): unknown
        } catch (MissingPropertyException expected) {
            assert expected.property == unknown
        }
    }
}
new File(here, 'rendered.json').setText(JsonOutput.prettyPrint(JsonOutput.toJson(rendered)) + '\n', 'UTF-8')
